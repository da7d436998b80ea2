import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, describe, expect, it } from 'vitest'
import { systemHost } from './host.ts'

const dir = mkdtempSync(join(tmpdir(), 'tortie-host-'))
afterAll(() => rmSync(dir, { recursive: true }))
const call = { signal: AbortSignal.timeout(20_000) }

describe('this machine', () => {
  it('reads files, compressed ones too, and says which are not there', () => {
    writeFileSync(join(dir, 'plain'), 'text')
    writeFileSync(join(dir, 'config.gz'), gzipSync('CONFIG_NF_TABLES=y\n'))
    expect(systemHost.readText(join(dir, 'plain'))).toBe('text')
    expect(systemHost.readText(join(dir, 'config.gz'))).toBe('CONFIG_NF_TABLES=y\n')
    expect(systemHost.readText(join(dir, 'none'))).toBeUndefined()
    expect(systemHost.readText(dir)).toBeUndefined()
    expect([systemHost.isDirectory(dir), systemHost.isDirectory(join(dir, 'plain'))]).toEqual([true, false])
  })

  it('sees its processes', () => {
    const own = systemHost.processes().find(({ pid }) => pid === process.pid)
    expect(own?.argv).toEqual(readFileSync('/proc/self/cmdline', 'utf8').split('\0').slice(0, -1))
  })

  it('runs programs, and says which are not there', async () => {
    expect(await systemHost.run('sh', ['-c', 'echo out; echo err >&2; exit 3'], call)).toEqual({
      code: 3,
      stdout: 'out\n',
      stderr: 'err\n',
    })
    expect(await systemHost.run('no-such-program', [], call)).toBeUndefined()
  })

  it('stops a program that is no longer wanted', async () => {
    const stop = new AbortController()
    const ran = systemHost.run('sleep', ['60'], { signal: stop.signal })
    stop.abort(new Error('enough'))
    await expect(ran).rejects.toThrow('enough')
  })
})
