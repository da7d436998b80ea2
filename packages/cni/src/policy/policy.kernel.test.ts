import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTestNetns, type TestNetns } from '@tortie/linux/testing'
import { endpointStatusName } from '@tortie/model'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createTestHost, type TestHost } from '../testing/host.ts'

let host: TestHost
let pod: TestNetns
let dir: string
beforeEach(async () => {
  host = await createTestHost('cni-host')
  pod = createTestNetns('cni-pod')
  dir = mkdtempSync(join(tmpdir(), 'tortie-cni-policy-'))
})
afterEach(() => {
  rmSync(dir, { recursive: true })
  pod[Symbol.dispose]()
  host[Symbol.dispose]()
})

/** What an agent does for one endpoint: waits for it, and then says that it is in force. */
async function actAsAgent(mac?: string): Promise<void> {
  const call = { signal: AbortSignal.timeout(20_000) }
  for await (const event of host.store.watch({ kind: 'WorkloadEndpoint' }, {}, call)) {
    if (event.type !== 'put') continue
    const { spec, metadata } = event.item
    const file = endpointStatusName({ ...spec, namespace: metadata.namespace ?? '' })
    writeFileSync(join(dir, file), JSON.stringify({ ifaceName: spec.interfaceName, mac: mac ?? spec.mac }))
    return
  }
}

it('prints the result when the agent reports the policy in force', async () => {
  const agent = actAsAgent()
  const { exitCode } = await host.run('ADD', { pod, config: { endpoint_status_dir: dir } })
  expect(exitCode).toBe(0)
  await agent
  expect(readdirSync(dir)).toEqual(['cni default%2Fc1 eth0'])
})

it.each([
  ['a file of another container of the same name', '02:00:00:00:00:01'],
  ['no file', undefined],
])('fails with "try again later" and takes everything back: %s', async (_, mac) => {
  const agent = mac === undefined ? undefined : actAsAgent(mac)
  const config = { endpoint_status_dir: dir, policy_setup_timeout_seconds: 1 }
  const { json } = await host.run('ADD', { pod, config })
  expect(json).toMatchObject({ code: 11, msg: expect.stringContaining('within 1 s') })
  await agent
  expect(await host.leftovers()).toEqual([])
})

it('goes on after the time when it is told to', async () => {
  const config = { endpoint_status_dir: dir, policy_setup_timeout_seconds: 1, policy_setup_timeout_action: 'continue' }
  expect((await host.run('ADD', { pod, config })).exitCode).toBe(0)
})

it('does not wait where no agent has ever been, or when it is told not to', async () => {
  const none = join(dir, 'none')
  expect((await host.run('ADD', { pod, config: { endpoint_status_dir: none } })).exitCode).toBe(0)
  expect(existsSync(none)).toBe(false)
  await host.run('DEL', { pod })
  const config = { endpoint_status_dir: dir, policy_setup_timeout_seconds: 0 }
  expect((await host.run('ADD', { pod, config })).exitCode).toBe(0)
})

it('waits for an agent that is known, before it makes its directory', async () => {
  const later = join(dir, 'later')
  const drivers = { ...host.drivers, agentPresent: true }
  const adding = host.run('ADD', { pod, drivers, config: { endpoint_status_dir: later } })
  const agent = actAsAgent()
  await agent
  mkdirSync(later)
  for (const file of readdirSync(dir).filter((name) => name !== 'later'))
    writeFileSync(join(later, file), JSON.stringify({ ifaceName: 'calic1' }))
  expect((await adding).exitCode).toBe(0)
})
