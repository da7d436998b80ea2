import { CniError } from '../errors.ts'
import type { Environment } from '../protocol/environment.ts'
import type { NetworkConfig } from './network-config.ts'

/** Which store holds the cluster's state. */
export type DatastoreChoice =
  | {
      readonly type: 'embedded'
      /** Directory. */
      readonly path: string
    }
  | {
      readonly type: 'etcdv3'
      /** Variables of etcd clients, `ETCD_ENDPOINTS` and so on, as config and environment together give them. */
      readonly environment: Environment
      /** What messages call those of them that are from the config. */
      readonly names: Readonly<Record<string, string>>
    }

/** Where the agent keeps it when it is not told otherwise. */
const defaultPath = '/var/lib/calico/tortie'

/**
 * Config first, then environment (each name also with `CALICO_` before it), then what the other keys suggest: spec 04 §4.
 * @throws CniError cni/bad-config
 */
export function chooseDatastore(config: NetworkConfig, env: Environment): DatastoreChoice {
  const path = config.embedded_path || env.CALICO_EMBEDDED_PATH || env.EMBEDDED_PATH || env.TORTIE_EMBEDDED_PATH || ''
  const etcd = etcdVariables(config, env)
  const named = config.datastore_type || env.CALICO_DATASTORE_TYPE || env.DATASTORE_TYPE
  const type = named || suggestedType(config, etcd, path)
  if (type === 'etcdv3') return etcd
  if (type === 'embedded') return { type, path: checkPath(path || defaultPath) }
  const cure = 'write "embedded" and "embedded_path", or "etcdv3" and "etcd_endpoints"'
  throw new CniError(
    'cni/bad-config',
    type === 'kubernetes'
      ? `datastore_type "kubernetes" is not supported yet; ${cure}`
      : `unknown datastore_type ${JSON.stringify(type)}; ${cure}`,
  )
}

type EtcdChoice = Extract<DatastoreChoice, { type: 'etcdv3' }>

function suggestedType(config: NetworkConfig, { environment }: EtcdChoice, path: string): string {
  if (config.embedded_path !== '') return 'embedded'
  const endpoints = /^(CALICO_)?ETCD_(ENDPOINTS|AUTHORITY|DISCOVERY_SRV)$/
  if (Object.entries(environment).some(([name, value]) => value && endpoints.test(name))) return 'etcdv3'
  return path === '' ? 'kubernetes' : 'embedded'
}

function checkPath(path: string): string {
  if (path.startsWith('/')) return path
  throw new CniError(
    'cni/bad-config',
    `network config key embedded_path ${JSON.stringify(path)} is relative; write the store's directory from the root on`,
  )
}

/** In capitals they are the variables that they take the place of. */
const etcdKeys = [
  'etcd_endpoints',
  'etcd_authority',
  'etcd_scheme',
  'etcd_discovery_srv',
  'etcd_key_file',
  'etcd_cert_file',
  'etcd_ca_cert_file',
] as const satisfies readonly (keyof NetworkConfig)[]

function etcdVariables(config: NetworkConfig, env: Environment): EtcdChoice {
  const environment: Record<string, string | undefined> = {}
  const names: Record<string, string> = {}
  for (const [name, value] of Object.entries(env)) if (/^(CALICO_)?ETCD_/.test(name)) environment[name] = value
  for (const key of etcdKeys) {
    if (config[key] === '') continue
    const variable = key.toUpperCase()
    environment[variable] = config[key]
    names[variable] = `network config key ${key}`
    delete environment[`CALICO_${variable}`]
  }
  return { type: 'etcdv3', environment, names }
}
