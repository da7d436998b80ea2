import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { parseNetworkConfig } from '../config/network-config.ts'
import { readMtu } from './mtu.ts'
import { readNodeName } from './node-name.ts'

const dir = mkdtempSync(join(tmpdir(), 'tortie-cni-identity-'))
afterAll(() => rmSync(dir, { recursive: true }))
const file = (name: string, text: string): string => {
  writeFileSync(join(dir, name), text)
  return join(dir, name)
}
const config = (keys: object) => parseNetworkConfig(JSON.stringify({ name: 'net', ...keys }))
const missing = join(dir, 'missing')
const osName = (): string => ' OS-Name\n'

describe('node name', () => {
  const stored = file('nodename', 'from-file\n')
  it.each<readonly [object, string]>([
    [{ nodename: 'a', nodename_file: stored, hostname: 'h' }, 'a'],
    [{ nodename_file: stored, hostname: 'h' }, 'from-file'],
    [{ nodename_file: missing, nodename_file_optional: true, hostname: 'h' }, 'h'],
    [{ nodename_file: missing, nodename_file_optional: true }, 'os-name'],
  ])('%o gives %s', (keys, name) => {
    expect(readNodeName(config(keys), osName)).toBe(name)
  })

  it('needs its file, even with a name, unless it is optional', () => {
    expect(() => readNodeName(config({ nodename: 'a', nodename_file: missing }), osName)).toThrow(
      /cannot read nodename_file .*"nodename_file_optional": true/,
    )
  })
})

describe('MTU', () => {
  it.each<readonly [object, number]>([
    [{ mtu: 9000, mtu_file: missing }, 9000],
    [{ mtu_file: missing }, 0],
    [{ mtu_file: file('mtu', '1440\n') }, 1440],
    [{ mtu: 9000, mtu_file: file('mtu2', '1440') }, 9000],
  ])('%o gives %d', (keys, mtu) => {
    expect(readMtu(config(keys))).toBe(mtu)
  })

  it('refuses garbage in the file, even with an MTU, and its absence when it is required', () => {
    expect(() => readMtu(config({ mtu: 9000, mtu_file: file('bad', 'big') }))).toThrow('holds "big"')
    expect(() => readMtu(config({ mtu_file: missing, require_mtu_file: true }))).toThrow('cannot read the MTU file')
  })
})
