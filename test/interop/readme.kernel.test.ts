import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { createTestNetns, linkNetns } from '@tortie/linux/testing'
import { expect, it } from 'vitest'
import { frrConfig } from './bgp-daemons.ts'
import { startFrr } from './daemons/frr.ts'
import { createDirectory } from './daemons/process.ts'

const readme = readFileSync(fileURLToPath(new URL('../../packages/bgp/README.md', import.meta.url)), 'utf8')

it('the program at the top of the README of @tortie/bgp peers with FRR and prints its routes', async () => {
  const [, program = ''] = /^```typescript\n(.*?)^```/ms.exec(readme) ?? []
  expect(program.split('\n').filter((line) => line.trim() !== '').length).toBeLessThanOrEqual(12)
  const stop = new AbortController()
  using dir = createDirectory()
  using here = createTestNetns('readme')
  using there = createTestNetns('readme')
  linkNetns(
    { netns: here, interface: 'eth0', addresses: ['10.0.0.1/24'] },
    { netns: there, interface: 'eth0', addresses: ['10.0.0.2/24'] },
  )
  const neighbors = [{ ours: '10.0.0.1', theirs: '10.0.0.2', ourAs: 64512 }]
  const networks = ['192.0.2.0/24', '198.51.100.0/24']
  const bgpd = frrConfig({ as: 64513, routerId: '10.0.0.2', networks, neighbors })
  const frr = await startFrr(there, { bgpd }, dir.path, stop.signal)
  const child = here.spawn(process.execPath, ['--conditions=@tortie/source', '--input-type=module-typescript', '-'], {
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  try {
    child.stdin?.end(program)
    const printed = await new Promise<string>((resolve, reject) => {
      let [text, errors] = ['', '']
      child.stdout?.on('data', (chunk: Buffer) => {
        text += String(chunk)
        if (networks.every((network) => text.includes(`${network} `))) resolve(text)
      })
      child.stderr?.on('data', (chunk: Buffer) => {
        errors += String(chunk)
      })
      child.once('exit', (code) => reject(new Error(`it ended with ${code}: ${text}${errors}`)))
    })
    expect(printed.trim().split('\n').sort()).toEqual(networks.map((network) => `${network} 10.0.0.2`))
  } finally {
    child.removeAllListeners('exit').kill('SIGKILL')
    await frr.stop()
  }
})
