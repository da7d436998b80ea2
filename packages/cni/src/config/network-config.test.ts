import { describe, expect, it } from 'vitest'
import { CniError } from '../errors.ts'
import { chooseDatastore } from './datastore-choice.ts'
import { checkNetworkConfig, parseNetworkConfig } from './network-config.ts'

const parse = (config: object) => parseNetworkConfig(JSON.stringify({ name: 'net', ...config }))

describe('reading', () => {
  it('gives every key its default', () => {
    expect(parse({})).toMatchObject({
      name: 'net',
      ipam: { type: '', assign_ipv4: 'true', assign_ipv6: 'false', ipv4_pools: [], ipv6_pools: [] },
      mtu: 0,
      num_queues: 1,
      nodename_file: '/var/lib/calico/nodename',
      endpoint_status_dir: '/var/run/calico/endpoint-status',
      agent_socket: '/var/run/calico/tortie-cni.sock',
      log_level: 'info',
      container_settings: { allow_ip_forwarding: false },
      policy: { type: '' },
    })
  })

  it('matches keys in any case, the last of two, and takes null for absent', () => {
    expect(parse({ MTU: 1, Mtu: 1440, IPAM: { Assign_IPv6: 'true' }, nodename: null })).toMatchObject({
      mtu: 1440,
      ipam: { assign_ipv6: 'true' },
      nodename: '',
    })
  })

  it('keeps the whole document for another plugin', () => {
    expect(parse({ ipam: { type: 'host-local', ranges: [[{ subnet: '10.0.0.0/24' }]] }, more: 1 }).document).toEqual({
      name: 'net',
      more: 1,
      ipam: { type: 'host-local', ranges: [[{ subnet: '10.0.0.0/24' }]] },
    })
  })

  it.each<readonly [object, string]>([
    [{ ipam: { assign_ipv4: true } }, 'ipam.assign_ipv4 must be a string, not true'],
    [{ mtu: '1450' }, 'mtu must be a whole number, not "1450"'],
    [{ mtu: 1.5 }, 'mtu must be a whole number, not 1.5'],
    [{ ipam: { ipv4_pools: 'a' } }, 'ipam.ipv4_pools must be a list, not "a"'],
    [{ ipam: { ipv4_pools: [1] } }, 'ipam.ipv4_pools[0] must be a string, not 1'],
    [{ container_settings: [] }, 'container_settings must be an object, not []'],
    [{ nodename_file_optional: 'yes' }, 'nodename_file_optional must be true or false, not "yes"'],
  ])('%o is refused by name', (config, message) => {
    expect(() => parse(config)).toThrow(message)
    expect(codeOf(() => parse(config))).toBe(6)
  })

  it.each([
    ['', 6, 'stdin is empty'],
    ['{', 6, 'not JSON'],
    ['[]', 6, 'must be an object'],
    ['{}', 7, 'missing network name'],
    ['{"name":"a b"}', 7, 'invalid network name "a b"'],
  ])('%o ends with code %d', (text, code, message) => {
    expect(() => parseNetworkConfig(text)).toThrow(message)
    expect(codeOf(() => parseNetworkConfig(text))).toBe(code)
  })
})

describe('checking', () => {
  it.each<readonly [object, string]>([
    [{ device_type: 'macvlan' }, 'device_type "macvlan"'],
    [{ mtu: -1 }, 'mtu -1'],
    [{ policy_setup_timeout_seconds: -1 }, 'policy_setup_timeout_seconds -1'],
    [{ policy_setup_timeout_action: 'hope' }, 'policy_setup_timeout_action "hope"'],
    [{ feature_control: { ip_addrs_no_ipam: true } }, 'feature_control.ip_addrs_no_ipam'],
    [{ dataplane_options: { type: 'grpc' } }, 'dataplane_options.type "grpc"'],
  ])('%o is refused by name', (config, message) => {
    expect(() => checkNetworkConfig(parse(config))).toThrow(message)
    expect(codeOf(() => checkNetworkConfig(parse(config)))).toBe(7)
  })

  it('takes what works', () => {
    const config = {
      device_type: 'veth',
      mtu: 9000,
      policy_setup_timeout_seconds: 0,
      dataplane_options: { type: 'linux' },
    }
    expect(() => checkNetworkConfig(parse(config))).not.toThrow()
  })
})

describe('the store', () => {
  it.each<readonly [object, Record<string, string>]>([
    [{ datastore_type: 'embedded', embedded_path: '/s' }, {}],
    [{ embedded_path: '/s' }, {}],
    [{ datastore_type: 'embedded' }, { TORTIE_EMBEDDED_PATH: '/s' }],
    [{}, { DATASTORE_TYPE: 'embedded', TORTIE_EMBEDDED_PATH: '/s' }],
    [{}, { CALICO_DATASTORE_TYPE: 'embedded', DATASTORE_TYPE: 'etcdv3', TORTIE_EMBEDDED_PATH: '/s' }],
    [{ embedded_path: '/s', etcd_endpoints: 'http://e:2379' }, {}],
  ])('%o with environment %o', (config, env) => {
    expect(chooseDatastore(parse(config), env)).toEqual({ type: 'embedded', path: '/s' })
  })

  it('has a default directory, the agent’s', () => {
    expect(chooseDatastore(parse({ datastore_type: 'embedded' }), {})).toEqual({
      type: 'embedded',
      path: '/var/lib/calico/tortie',
    })
  })

  it.each<readonly [object, string]>([
    [{}, 'datastore_type "kubernetes" is not supported yet'],
    [{ datastore_type: 'redis' }, 'unknown datastore_type "redis"'],
    [{ datastore_type: 'embedded', embedded_path: 's' }, 'embedded_path "s" is relative'],
  ])('%o is refused, naming what works', (config, message) => {
    expect(() => chooseDatastore(parse(config), {})).toThrow(message)
    expect(codeOf(() => chooseDatastore(parse(config), {}))).toBe(7)
  })
})

describe('etcd', () => {
  const endpoints = { ETCD_ENDPOINTS: 'http://e:2379' }
  it.each<readonly [object, Record<string, string>, Record<string, string>]>([
    [{ datastore_type: 'etcdv3', etcd_endpoints: 'http://e:2379' }, {}, endpoints],
    [{ etcd_endpoints: 'http://e:2379' }, { TORTIE_EMBEDDED_PATH: '/s' }, endpoints],
    [{}, { ...endpoints, TORTIE_EMBEDDED_PATH: '/s' }, endpoints],
    [{}, { CALICO_ETCD_ENDPOINTS: 'http://e:2379', PATH: '/' }, { CALICO_ETCD_ENDPOINTS: 'http://e:2379' }],
    [{ datastore_type: 'etcdv3', embedded_path: '/s' }, endpoints, endpoints],
    [
      { etcd_endpoints: 'http://e:2379' },
      { CALICO_ETCD_ENDPOINTS: 'http://f:1', ETCD_ENDPOINTS: 'http://f:1' },
      endpoints,
    ],
    [{ etcd_authority: 'e:2379', etcd_scheme: 'https' }, {}, { ETCD_AUTHORITY: 'e:2379', ETCD_SCHEME: 'https' }],
    [{ etcd_discovery_srv: 'e' }, { ETCD_PASSWORD: 'x' }, { ETCD_DISCOVERY_SRV: 'e', ETCD_PASSWORD: 'x' }],
    [
      { ETCD_Endpoints: 'https://e', etcd_key_file: '/k', etcd_cert_file: '/c', etcd_ca_cert_file: '/a' },
      {},
      { ETCD_ENDPOINTS: 'https://e', ETCD_KEY_FILE: '/k', ETCD_CERT_FILE: '/c', ETCD_CA_CERT_FILE: '/a' },
    ],
  ])('%o with environment %o', (config, env, environment) => {
    const choice = chooseDatastore(parse(config), env)
    expect({ type: choice.type, environment: 'environment' in choice && choice.environment }).toEqual({
      type: 'etcdv3',
      environment,
    })
  })

  it('settings from the config are called by its keys', () => {
    expect(chooseDatastore(parse({ etcd_endpoints: 'http://e:2379' }), { ETCD_PASSWORD: 'x' })).toMatchObject({
      names: { ETCD_ENDPOINTS: 'network config key etcd_endpoints' },
    })
  })
})

function codeOf(fn: () => unknown): number | undefined {
  try {
    fn()
  } catch (error) {
    if (error instanceof CniError) return error.cniCode
  }
  return undefined
}
