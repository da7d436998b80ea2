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
      'DATASTORE_TYPE=kubernetes is not supported by this release: set DATASTORE_TYPE=etcdv3 and ETCD_ENDPOINTS, or ' +
        'DATASTORE_TYPE=embedded and TORTIE_EMBEDDED_PATH',
    )
  })
})

describe('the datastore', () => {
  const store = (environment: Record<string, string>) => readSettings({ ...nowhere, ...environment }).store

  it('is embedded unless something else is named', () => {
    expect(store({})).toEqual({ type: 'embedded', path: '/var/lib/calico/tortie' })
    expect(store({ TORTIE_EMBEDDED_PATH: '/s' })).toEqual({ type: 'embedded', path: '/s' })
    expect(store({ TORTIE_EMBEDDED_PATH: '/s', DATASTORE_TYPE: 'Embedded', ETCD_ENDPOINTS: 'http://e:1' })).toEqual({
      type: 'embedded',
      path: '/s',
    })
  })

  const felixFile = file('etcd.cfg', '[global]\nDatastoreType = etcdv3\nEtcdAddr = file:1\nEtcdScheme = https\n')
  it.each<readonly [Record<string, string>, string]>([
    [{ DATASTORE_TYPE: 'etcdv3', ETCD_ENDPOINTS: 'http://e:2379' }, 'http://e:2379'],
    [{ ETCD_ENDPOINTS: 'http://e:2379', TORTIE_EMBEDDED_PATH: '/s' }, 'http://e:2379'],
    [{ CALICO_ETCD_ENDPOINTS: 'http://a:1', ETCD_ENDPOINTS: 'http://b:1' }, 'http://a:1'],
    [{ FELIX_DATASTORETYPE: 'etcdv3', FELIX_ETCDENDPOINTS: 'http://f:1' }, 'http://f:1'],
    [{ Felix_EtcdEndpoints: 'http://f:1', ETCD_ENDPOINTS: 'http://b:1' }, 'http://b:1'],
    [{ FELIX_ETCDADDR: 'f:1', FELIX_ETCDSCHEME: 'https' }, 'https://f:1'],
    [{ ETCD_AUTHORITY: 'e:1' }, 'http://e:1'],
    [{ FELIX_CONFIG_FILE: felixFile }, 'https://file:1'],
    [{ FELIX_CONFIG_FILE: felixFile, FELIX_ETCDENDPOINTS: 'none', FELIX_ETCDADDR: 'f:2' }, 'https://f:2'],
  ])('%o is etcd at %s', (environment, endpoint) => {
    expect(store(environment)).toMatchObject({ type: 'etcdv3', etcd: { endpoints: [endpoint] } })
  })

  it('takes certificates from all of these, and user and password', () => {
    const environment = {
      ETCD_ENDPOINTS: 'https://e:1',
      FELIX_ETCDCAFILE: '/ca',
      FELIX_ETCDCERTFILE: '/cert',
      ETCD_KEY_FILE: '/key',
      ETCD_USERNAME: 'calico',
      CALICO_ETCD_PASSWORD: 'sesame',
    }
    expect(store(environment)).toMatchObject({
      etcd: { tls: { caFile: '/ca', certFile: '/cert', keyFile: '/key' }, username: 'calico', password: 'sesame' },
    })
  })

  it.each<readonly [Record<string, string>, string]>([
    [{ DATASTORE_TYPE: 'etcdv3' }, 'there is no etcd endpoint; give ETCD_ENDPOINTS, such as'],
    [{ FELIX_ETCDENDPOINTS: 'e' }, 'FELIX_ETCDENDPOINTS has an entry that is no http:// or https:// address'],
    [
      { ETCD_ENDPOINTS: 'https://e', FELIX_ETCDKEYFILE: '/k' },
      'FELIX_ETCDKEYFILE is given without its certificate; give ETCD_CERT_FILE too',
    ],
  ])('%o is refused by name', (environment, message) => {
    expect(() => store(environment)).toThrow(message)
  })
})
