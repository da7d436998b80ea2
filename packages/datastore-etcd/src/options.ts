import type { resolveSrv } from 'node:dns/promises'
import type { Clock, Log, Random } from '@tortie/runtime'
import { EtcdError } from './errors.ts'

/** PEM text, or files of it that are read for each connection, so that renewed certificates are used. Not both. */
export interface EtcdTls {
  /** Certificate authorities that may have signed the servers; those of the system when absent. */
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  readonly caFile?: string
  readonly certFile?: string
  readonly keyFile?: string
}

export interface EtcdOptions {
  /** `http://host:port` or `https://host:port` of members of one cluster. This, or `discoverySrv`. */
  readonly endpoints?: readonly string[]
  /** A domain whose SRV records `_etcd-client-ssl._tcp` and `_etcd-client._tcp` name the endpoints. */
  readonly discoverySrv?: string
  readonly tls?: EtcdTls
  /** Used only when neither is empty. */
  readonly username?: string
  readonly password?: string
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** Longest that any answer may take, 10 s by default. */
  readonly requestTimeoutMs?: number
  /** Longest that connecting to one endpoint may take, 5 s by default. */
  readonly dialTimeoutMs?: number
  /** A connection in use is probed so often, 10 s by default. etcd refuses less than 5 s unless told otherwise. */
  readonly keepaliveMs?: number
  /** Longest that the answer to a probe may take, 5 s by default. */
  readonly keepaliveTimeoutMs?: number
  /** How `discoverySrv` is looked up: the system's DNS by default. */
  readonly resolveSrv?: typeof resolveSrv
}

function bad(why: string, cure: string): never {
  throw new EtcdError('etcd/bad-options', { why, cure })
}

/** What messages call the options that people write: by default as they are called here. */
export type OptionNames = Readonly<
  Record<'endpoints' | 'discoverySrv' | 'username' | 'password' | keyof EtcdTls, string>
>

const ownNames: OptionNames = {
  endpoints: 'endpoints',
  discoverySrv: 'discoverySrv',
  username: 'username',
  password: 'password',
  ca: 'tls.ca',
  cert: 'tls.cert',
  key: 'tls.key',
  caFile: 'tls.caFile',
  certFile: 'tls.certFile',
  keyFile: 'tls.keyFile',
}

type Checked = Omit<EtcdOptions, 'clock' | 'random' | 'log'>

/** Checks options before anything is done with them (spec 01 §2.7). @throws EtcdError etcd/bad-options */
export function checkOptions(options: Checked, names: OptionNames = ownNames): void {
  const { endpoints = [], discoverySrv = '', tls = {}, ...times } = options
  if (endpoints.length > 0 && discoverySrv !== '')
    bad(`${names.endpoints} and ${names.discoverySrv} are both given`, 'give one of them')
  if (endpoints.length === 0 && discoverySrv === '')
    bad(
      'there is no etcd endpoint',
      `give ${names.endpoints}, such as https://10.0.0.1:2379, or ${names.discoverySrv}, a domain with SRV records`,
    )
  for (const endpoint of endpoints) checkEndpoint(endpoint, names)
  checkTls(tls, names)
  for (const name of ['requestTimeoutMs', 'dialTimeoutMs', 'keepaliveMs', 'keepaliveTimeoutMs'] as const) {
    const value = times[name]
    if (value !== undefined && !(value > 0)) bad(`${name} is ${value}`, 'give milliseconds above 0')
  }
}

/** Names no credentials in its messages. */
function checkEndpoint(endpoint: string, names: OptionNames): void {
  const url = URL.parse(endpoint)
  if (url === null || !['http:', 'https:'].includes(url.protocol))
    bad(`${names.endpoints} has an entry that is no http:// or https:// address`, 'write it as https://10.0.0.1:2379')
  if (url.username !== '' || url.password !== '')
    bad(`the etcd endpoint ${url.host} has credentials in it`, `give them as ${names.username} and ${names.password}`)
}

function checkTls(tls: EtcdTls, names: OptionNames): void {
  const given = (options: readonly (keyof EtcdTls)[]): string =>
    options.flatMap((option) => (tls[option] ? names[option] : [])).join(', ')
  const inline = given(['ca', 'cert', 'key'])
  const files = given(['caFile', 'certFile', 'keyFile'])
  if (inline && files) bad(`TLS for etcd is given both as files (${files}) and as text (${inline})`, 'give one of them')
  for (const [cert, key] of [
    ['cert', 'key'],
    ['certFile', 'keyFile'],
  ] as const) {
    if (tls[cert] && !tls[key]) bad(`${names[cert]} is given without its key`, `give ${names[key]} too`)
    if (tls[key] && !tls[cert]) bad(`${names[key]} is given without its certificate`, `give ${names[cert]} too`)
  }
}

/** The origin of each endpoint, once. */
export function originsOf(endpoints: readonly string[]): string[] {
  return [...new Set(endpoints.map((endpoint) => new URL(endpoint).origin))]
}
