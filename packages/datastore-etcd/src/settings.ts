import { checkOptions, type EtcdOptions, originsOf } from './options.ts'

/** What names a cluster and lets in: the part of the options that people write down. */
export type EtcdSettings = Pick<EtcdOptions, 'endpoints' | 'discoverySrv' | 'tls' | 'username' | 'password'>

/** By the names of Calico's client configuration file (spec 01 §2.8), and of its elder (spec 07 a1): the variables. */
const variables = {
  etcdEndpoints: 'ETCD_ENDPOINTS',
  etcdDiscoverySrv: 'ETCD_DISCOVERY_SRV',
  etcdAuthority: 'ETCD_AUTHORITY',
  etcdScheme: 'ETCD_SCHEME',
  etcdUsername: 'ETCD_USERNAME',
  etcdPassword: 'ETCD_PASSWORD',
  etcdKeyFile: 'ETCD_KEY_FILE',
  etcdCertFile: 'ETCD_CERT_FILE',
  etcdCACertFile: 'ETCD_CA_CERT_FILE',
} as const

export type EtcdVariable = (typeof variables)[keyof typeof variables]
/** The last three are PEM text, which only a file can give. */
export type EtcdSetting = keyof typeof variables | 'etcdKey' | 'etcdCert' | 'etcdCACert'

/** Empty text is not given. `name` is what whoever may write it calls it, for messages. */
export interface Written {
  readonly text: string
  readonly name: string
}

export type EtcdSource = (setting: EtcdSetting) => Written

/**
 * Variables, each first with `CALICO_` before its name (spec 06 §2).
 * @param names of what was written elsewhere and only stands in `environment`
 */
export function etcdEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
  names: Readonly<Partial<Record<EtcdVariable, string>>> = {},
): EtcdSource {
  return (setting) => {
    const variable = setting in variables ? variables[setting as keyof typeof variables] : undefined
    if (variable === undefined) return { text: '', name: setting }
    const first = `CALICO_${variable}`
    if (environment[first]) return { text: environment[first], name: first }
    return { text: environment[variable] ?? '', name: names[variable] ?? variable }
  }
}

/**
 * Reads settings from wherever they are written. Endpoints are a list with commas; a lone authority, `host:port`, with its
 * scheme (`http` if none) stands in where there are none.
 * @throws EtcdError etcd/bad-options in the names of `source`, without its secrets
 */
export function readEtcdSettings(source: EtcdSource): EtcdSettings {
  const text = (setting: EtcdSetting): string => source(setting).text.trim()
  const name = (setting: EtcdSetting): string => source(setting).name
  const authority = text('etcdAuthority')
  const fromAuthority = text('etcdEndpoints') === '' && authority !== ''
  const listed = fromAuthority ? `${text('etcdScheme') || 'http'}://${authority}` : text('etcdEndpoints')
  const settings: EtcdSettings = {
    endpoints: listed.split(',').flatMap((endpoint) => endpoint.trim() || []),
    discoverySrv: text('etcdDiscoverySrv'),
    tls: {
      ca: source('etcdCACert').text,
      cert: source('etcdCert').text,
      key: source('etcdKey').text,
      caFile: text('etcdCACertFile'),
      certFile: text('etcdCertFile'),
      keyFile: text('etcdKeyFile'),
    },
    username: text('etcdUsername'),
    password: source('etcdPassword').text,
  }
  checkOptions(settings, {
    endpoints: name(fromAuthority ? 'etcdAuthority' : 'etcdEndpoints'),
    discoverySrv: name('etcdDiscoverySrv'),
    ca: name('etcdCACert'),
    cert: name('etcdCert'),
    key: name('etcdKey'),
    caFile: name('etcdCACertFile'),
    certFile: name('etcdCertFile'),
    keyFile: name('etcdKeyFile'),
    username: name('etcdUsername'),
    password: name('etcdPassword'),
  })
  return settings
}

/** Whether both name members of one cluster: an endpoint in common, or the same domain. */
export function isSameCluster(a: EtcdSettings, b: EtcdSettings): boolean {
  if (a.discoverySrv || b.discoverySrv) return a.discoverySrv === b.discoverySrv
  const known = new Set(originsOf(a.endpoints ?? []))
  return originsOf(b.endpoints ?? []).some((origin) => known.has(origin))
}
