import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLog } from '@tortie/runtime'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { parseNetworkConfig } from '../config/network-config.ts'
import { createCniDrivers } from '../drivers.ts'
import type { CniError } from '../errors.ts'
import { parseEnvironment } from '../protocol/environment.ts'
import type { CniVersion } from '../protocol/versions.ts'
import type { Session } from '../session.ts'
import { delegatedSource } from './delegated.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'tortie-cni-delegate-'))
})
afterEach(() => rmSync(dir, { recursive: true }))
const call = { signal: new AbortController().signal }

/** A plugin that notes each command and its config in `dir`, and then does what `script` says. */
function plugin(name: string, script: string): void {
  writeFileSync(
    join(dir, name),
    `#!/bin/sh\ncat > ${dir}/stdin.$CNI_COMMAND\necho $CNI_COMMAND >> ${dir}/commands\n${script}\n`,
  )
  chmodSync(join(dir, name), 0o755)
}

function session(version: CniVersion = '1.1.0'): Session {
  const env = {
    CNI_COMMAND: 'ADD',
    CNI_CONTAINERID: 'c1',
    CNI_NETNS: '/n',
    CNI_IFNAME: 'eth0',
    CNI_PATH: `/none:${dir}`,
  }
  return {
    invocation: parseEnvironment(env),
    config: parseNetworkConfig(
      JSON.stringify({
        cniVersion: version,
        name: 'net',
        ipam: { type: 'fixed', ranges: [[{ subnet: '10.1.0.0/24' }]] },
      }),
    ),
    args: {},
    version,
    env,
    drivers: createCniDrivers({ openDatastore: () => Promise.reject(new Error('no store')) }),
    log: silentLog,
  }
}
const read = async (file: string): Promise<string> => (await import('node:fs')).readFileSync(join(dir, file), 'utf8')

it.each<readonly [CniVersion, string]>([
  ['0.2.0', '{"cniVersion":"0.2.0","ip4":{"ip":"10.1.0.7/24","gateway":"10.1.0.1"}}'],
  ['0.4.0', '{"cniVersion":"0.4.0","ips":[{"version":"4","address":"10.1.0.7/24","gateway":"10.1.0.1"}]}'],
  ['1.1.0', '{"ips":[{"address":"10.1.0.7/24","gateway":"10.1.0.1"}]}'],
])('reads a result of %s', async (version, result) => {
  plugin('fixed', `echo '${result}'`)
  const { ips } = await delegatedSource(session(version)).allocate(call)
  expect(ips).toEqual([{ address: '10.1.0.7/24', gateway: '10.1.0.1' }])
})

it('hands on config and command', async () => {
  plugin('fixed', `echo '{"ips":[{"address":"10.1.0.7/24"}]}'`)
  const source = delegatedSource(session())
  await source.allocate(call)
  await source.check(['10.1.0.7/32'], call)
  await source.release(call)
  await source.collect(new Set(), call)
  await source.status(call)
  expect(await read('commands')).toBe('ADD\nCHECK\nDEL\nGC\nSTATUS\n')
  expect(JSON.parse(await read('stdin.ADD'))).toMatchObject({ ipam: { ranges: [[{ subnet: '10.1.0.0/24' }]] } })
})

it('knows no GC and STATUS before 1.1.0', async () => {
  plugin('fixed', 'exit 1')
  const source = delegatedSource(session('1.0.0'))
  await source.collect(new Set(), call)
  await source.status(call)
  await expect(read('commands')).rejects.toThrow('ENOENT')
})

it.each<readonly [string, string, number, string]>([
  ['its own error', `echo '{"code":11,"msg":"full","details":"10.1.0.0/24"}'; exit 1`, 11, 'full'],
  ['a failure without words', 'exit 3', 999, 'IPAM plugin fixed ended ADD with exit code 3'],
  ['something else than JSON', 'echo hello', 6, 'did not print a result in JSON'],
  ['no address', `echo '{"ips":[]}'`, 999, 'returned no address'],
])('passes on %s', async (_, script, code, text) => {
  plugin('fixed', script)
  const error = await delegatedSource(session())
    .allocate(call)
    .catch((error: CniError) => error)
  expect(error).toMatchObject({ cniCode: code, message: expect.stringContaining(text) })
})

it('names a plugin that is not installed, and where it looked', () => {
  expect(() => delegatedSource(session())).toThrow(`IPAM plugin "fixed" is in no directory of CNI_PATH (/none:${dir})`)
})
