import {
  type EtcdSetting,
  type EtcdSettings,
  type EtcdSource,
  etcdEnvironment,
  readEtcdSettings,
} from '@tortie/datastore-etcd'

export type Environment = Readonly<Record<string, string | undefined>>
export type FelixFile = Readonly<Record<string, string>>

/** Which datastore holds the cluster's state. */
export type StoreSettings =
  | { readonly type: 'embedded'; readonly path: string }
  | { readonly type: 'etcdv3'; readonly etcd: EtcdSettings }

/**
 * Variables first with `CALICO_` before their names, then without, then Felix's own, then its file (spec 07 a1).
 * @throws Error that names what was written and the cure; EtcdError etcd/bad-options likewise
 */
export function readStoreSettings(environment: Environment, file: FelixFile): StoreSettings {
  const { text: given, name } = firstWritten(environment, file, 'DATASTORE_TYPE', 'DatastoreType')
  const etcd = etcdSource(environment, file)
  const named = (['etcdEndpoints', 'etcdAuthority', 'etcdDiscoverySrv'] as const).some((s) => etcd(s).text !== '')
  const type = given.toLowerCase() || (named ? 'etcdv3' : 'embedded')
  if (type === 'etcdv3') return { type, etcd: readEtcdSettings(etcd) }
  if (type === 'embedded') return { type, path: environment.TORTIE_EMBEDDED_PATH || '/var/lib/calico/tortie' }
  throw new Error(
    `${name}=${given} is not supported by this release: set DATASTORE_TYPE=etcdv3 and ETCD_ENDPOINTS, or ` +
      'DATASTORE_TYPE=embedded and TORTIE_EMBEDDED_PATH',
  )
}

/** Felix's names of these settings (spec 02 §6.3). */
const felixNames: Readonly<Partial<Record<EtcdSetting, string>>> = {
  etcdEndpoints: 'EtcdEndpoints',
  etcdAuthority: 'EtcdAddr',
  etcdScheme: 'EtcdScheme',
  etcdKeyFile: 'EtcdKeyFile',
  etcdCertFile: 'EtcdCertFile',
  etcdCACertFile: 'EtcdCaFile',
}

function etcdSource(environment: Environment, file: FelixFile): EtcdSource {
  const plain = etcdEnvironment(environment)
  return (setting) => {
    const written = plain(setting)
    const felix = felixNames[setting]
    if (written.text !== '' || felix === undefined) return written
    const { text, name } = felixWritten(environment, file, felix)
    return text === '' ? written : { text, name }
  }
}

type Written = ReturnType<EtcdSource>

function firstWritten(environment: Environment, file: FelixFile, variable: string, felix: string): Written {
  for (const name of [`CALICO_${variable}`, variable]) {
    const text = environment[name]?.trim()
    if (text) return { text, name }
  }
  return felixWritten(environment, file, felix)
}

/** `FELIX_<NAME>` in any case of letters, then felix.cfg; `none` is nothing (spec 02 §6.1). */
function felixWritten(environment: Environment, file: FelixFile, felix: string): Written {
  const find = (entries: Environment, wanted: string): string | undefined =>
    Object.keys(entries).find((name) => name.toLowerCase() === wanted.toLowerCase() && entries[name]?.trim())
  const text = (raw: string | undefined): string => (raw?.trim().toLowerCase() === 'none' ? '' : (raw?.trim() ?? ''))
  const variable = find(environment, `FELIX_${felix}`)
  if (variable !== undefined) return { text: text(environment[variable]), name: variable }
  return { text: text(file[find(file, felix) ?? '']), name: `felix.cfg: ${felix}` }
}
