import { CniError } from '../errors.ts'
import type { Environment } from '../protocol/environment.ts'
import type { NetworkConfig } from './network-config.ts'

/** Which store holds the cluster's state. */
export interface DatastoreChoice {
  readonly type: 'embedded'
  /** Directory. */
  readonly path: string
}

/** Where the agent keeps it when it is not told otherwise. */
const defaultPath = '/var/lib/calico/tortie'
/** Types that Calico knows and this plugin does not serve yet, so that the message can say so. */
const later = ['etcdv3', 'kubernetes']

/**
 * Config first, then environment (each name also with `CALICO_` before it), then what the other keys suggest: spec 04 §4.
 * @throws CniError cni/bad-config
 */
export function chooseDatastore(config: NetworkConfig, env: Environment): DatastoreChoice {
  const setting = (fromConfig: string, name: string): string => fromConfig || env[`CALICO_${name}`] || env[name] || ''
  const given = setting(config.embedded_path, 'EMBEDDED_PATH') || env.TORTIE_EMBEDDED_PATH || ''
  const etcd = setting(config.etcd_endpoints || config.etcd_authority || config.etcd_discovery_srv, 'ETCD_ENDPOINTS')
  const type = setting(config.datastore_type, 'DATASTORE_TYPE') || (given ? 'embedded' : etcd ? 'etcdv3' : 'kubernetes')
  if (type !== 'embedded')
    throw new CniError(
      'cni/bad-config',
      later.includes(type)
        ? `datastore_type ${JSON.stringify(type)} is not supported yet; write "datastore_type": "embedded" and "embedded_path"`
        : `unknown datastore_type ${JSON.stringify(type)}; write "embedded"`,
    )
  const path = given || defaultPath
  if (!path.startsWith('/'))
    throw new CniError(
      'cni/bad-config',
      `network config key embedded_path ${JSON.stringify(path)} is relative; write the store's directory from the root on`,
    )
  return { type, path }
}
