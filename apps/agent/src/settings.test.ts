import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { readSettings } from './settings.ts'

const dir = mkdtempSync(join(tmpdir(), 'tortie-agent-'))
afterAll(() => rmSync(dir, { recursive: true }))
const file = (name: string, text: string): string => {
  writeFileSync(join(dir, name), text)
  return join(dir, name)
}
const nowhere = { CALICO_NODENAME_FILE: join(dir, 'none'), FELIX_CONFIG_FILE: join(dir, 'none') }

describe('readSettings', () => {
  it('reads every section of felix.cfg as one', () => {
    const FELIX_CONFIG_FILE = file(
      'felix.cfg',
      '# comment\nHealthPort = 9100\n[global]\nIpv6Support = false\n[log]\nLogFilePath = none\n',
    )
    expect(readSettings({ ...nowhere, FELIX_CONFIG_FILE }).felixFile).toEqual({
      HealthPort: '9100',
      Ipv6Support: 'false',
      LogFilePath: 'none',
    })
    expect(readSettings(nowhere).felixFile).toEqual({})
  })

  it('finds the name of the node: variable, file, HOSTNAME in lower case', () => {
    const CALICO_NODENAME_FILE = file('nodename', 'from-file\n')
    expect(readSettings({ ...nowhere, CALICO_NODENAME_FILE, NODENAME: 'From-Env ', HOSTNAME: 'x' }).nodeName).toBe(
      'From-Env',
    )
    expect(readSettings({ ...nowhere, CALICO_NODENAME_FILE, HOSTNAME: 'x' }).nodeName).toBe('from-file')
    expect(readSettings({ ...nowhere, HOSTNAME: 'Host-X' }).nodeName).toBe('host-x')
  })

  it('says which datastore it can use', () => {
    expect(() => readSettings({ ...nowhere, DATASTORE_TYPE: 'kubernetes' })).toThrow(
      'DATASTORE_TYPE=kubernetes is not supported by this release: set DATASTORE_TYPE=embedded and TORTIE_EMBEDDED_PATH',
    )
  })
})
