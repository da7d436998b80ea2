import { describe, expect, it } from 'vitest'
import { etcdEnvironment, isSameCluster, readEtcdSettings } from './index.ts'

const read = (environment: Record<string, string>, names = {}) => readEtcdSettings(etcdEnvironment(environment, names))

describe('settings from variables', () => {
  it('are all read, endpoints as a list', () => {
    const ETCD_ENDPOINTS = ' https://10.0.0.1:2379, https://10.0.0.2:2379,'
    const files = { ETCD_CA_CERT_FILE: '/ca', ETCD_CERT_FILE: '/cert', ETCD_KEY_FILE: '/key' }
    const settings = read({ ETCD_ENDPOINTS, ...files, ETCD_USERNAME: 'calico', ETCD_PASSWORD: ' a b ' })
    expect(settings).toMatchObject({
      endpoints: ['https://10.0.0.1:2379', 'https://10.0.0.2:2379'],
      discoverySrv: '',
      tls: { caFile: '/ca', certFile: '/cert', keyFile: '/key' },
      username: 'calico',
      password: ' a b ',
    })
    expect(read({ ETCD_DISCOVERY_SRV: 'example.test' })).toMatchObject({ endpoints: [], discoverySrv: 'example.test' })
  })

  it('come first with CALICO_ before their names, unless that is empty', () => {
    const [CALICO_ETCD_ENDPOINTS, ETCD_ENDPOINTS] = ['http://a:1', 'http://b:1']
    expect(read({ CALICO_ETCD_ENDPOINTS, ETCD_ENDPOINTS }).endpoints).toEqual(['http://a:1'])
    expect(read({ CALICO_ETCD_ENDPOINTS: '', ETCD_ENDPOINTS }).endpoints).toEqual(['http://b:1'])
  })

  it.each([
    [{ ETCD_AUTHORITY: 'e:2379' }, 'http://e:2379'],
    [{ ETCD_AUTHORITY: 'e:2379', ETCD_SCHEME: 'https' }, 'https://e:2379'],
    [{ ETCD_AUTHORITY: 'e:2379', ETCD_SCHEME: 'https', ETCD_ENDPOINTS: 'http://f:1' }, 'http://f:1'],
  ])('%o names %s', (environment, endpoint) => {
    expect(read(environment).endpoints).toEqual([endpoint])
  })

  it.each<readonly [Record<string, string>, RegExp]>([
    [{}, /^there is no etcd endpoint; give ETCD_ENDPOINTS, such as .*, or ETCD_DISCOVERY_SRV, a domain/],
    [
      { CALICO_ETCD_ENDPOINTS: 'http://a:1', ETCD_DISCOVERY_SRV: 'b' },
      /^CALICO_ETCD_ENDPOINTS and ETCD_DISCOVERY_SRV are both given; give one of them$/,
    ],
    [{ ETCD_ENDPOINTS: '10.0.0.1:2379' }, /^ETCD_ENDPOINTS has an entry that is no http:\/\/ .*; write it as https:/],
    [{ ETCD_AUTHORITY: 'e:2379', ETCD_SCHEME: 'ftp' }, /^ETCD_AUTHORITY has an entry that is no http:/],
    [
      { ETCD_ENDPOINTS: 'http://me:sesame@a:1' },
      /^the etcd endpoint a:1 has credentials in it; give them as ETCD_USERNAME and ETCD_PASSWORD$/,
    ],
    [
      { ETCD_ENDPOINTS: 'https://a:1', ETCD_CERT_FILE: '/c' },
      /^ETCD_CERT_FILE is given without its key; give ETCD_KEY_FILE too$/,
    ],
    [
      { ETCD_ENDPOINTS: 'https://a:1', ETCD_KEY_FILE: '/k' },
      /^ETCD_KEY_FILE is given without its certificate; give ETCD_CERT_FILE too$/,
    ],
  ])('%o: refused by name, with a cure and without a secret', (environment, message) => {
    expect(() => read(environment)).toThrow(message)
    expect(() => read(environment)).not.toThrow('sesame')
  })

  it('are named as they were written elsewhere', () => {
    const names = { ETCD_ENDPOINTS: 'network config key etcd_endpoints' }
    expect(() => read({ ETCD_ENDPOINTS: 'x' }, names)).toThrow(/^network config key etcd_endpoints has an entry/)
  })
})

it('settings from a file may have PEM text, but not both text and files', () => {
  const spec: Record<string, string> = { etcdEndpoints: 'https://a:1', etcdCert: 'C', etcdKey: 'K', etcdCACert: 'A' }
  const source = (setting: string) => ({ text: spec[setting] ?? '', name: `spec.${setting}` })
  expect(readEtcdSettings(source).tls).toMatchObject({ cert: 'C', key: 'K', ca: 'A' })
  spec.etcdCACertFile = '/ca'
  expect(() => readEtcdSettings(source)).toThrow(
    /both as files \(spec.etcdCACertFile\) and as text \(spec.etcdCACert, spec.etcdCert, spec.etcdKey\); give one/,
  )
})

it.each([
  [{ endpoints: ['http://a:1', 'http://b:1'] }, { endpoints: ['http://b:1/'] }, true],
  [{ endpoints: ['http://a:1'] }, { endpoints: ['https://a:1'] }, false],
  [{ discoverySrv: 'x' }, { discoverySrv: 'x' }, true],
  [{ discoverySrv: 'x' }, { discoverySrv: '', endpoints: ['http://a:1'] }, false],
])('%o and %o: one cluster, %s', (a, b, same) => {
  expect(isSameCluster(a, b)).toBe(same)
})
