import { parseCidr } from '@tortie/ip'
import { CniError } from '../errors.ts'
import { type CniVersion, isOlder, isSupported } from './versions.ts'

export interface ResultInterface {
  readonly name: string
  readonly mac?: string
  /** Bytes; absent means the kernel's default. */
  readonly mtu?: number
  /** Path of the network namespace; absent for the host's side. */
  readonly sandbox?: string
}

export interface ResultAddress {
  /** With prefix length; host bits are kept. */
  readonly address: string
  readonly gateway?: string
  /** Index into `interfaces`. */
  readonly interface?: number
}

export interface ResultRoute {
  readonly dst: string
  readonly gw?: string
}

export interface ResultDns {
  readonly nameservers?: readonly string[]
  readonly domain?: string
  readonly search?: readonly string[]
  readonly options?: readonly string[]
}

/** The outcome of ADD, in the terms of the newest specification; `formatResult` writes it for any other. */
export interface CniResult {
  readonly interfaces: readonly ResultInterface[]
  readonly ips: readonly ResultAddress[]
  readonly routes: readonly ResultRoute[]
  readonly dns?: ResultDns
}

type Json = Readonly<Record<string, unknown>>

/** How each version writes a result: spec 04 §8.2. */
const formats: Readonly<Record<CniVersion, (result: CniResult) => Json>> = {
  '0.1.0': formatByFamily,
  '0.2.0': formatByFamily,
  '0.3.0': formatWithFamily,
  '0.3.1': formatWithFamily,
  '0.4.0': formatWithFamily,
  '1.0.0': formatCurrent,
  '1.1.0': formatCurrent,
}

/** The result as text, indented by four spaces as Calico's is. */
export function formatResult(result: CniResult, version: CniVersion): string {
  const body = { cniVersion: version, ...formats[version](result), ...(result.dns && { dns: result.dns }) }
  return JSON.stringify(body, null, 4)
}

function formatCurrent({ interfaces, ips, routes }: CniResult): Json {
  return { ...atLeastOne('interfaces', interfaces), ...atLeastOne('ips', ips), ...atLeastOne('routes', routes) }
}

function formatWithFamily({ interfaces, ips, routes }: CniResult): Json {
  return {
    ...atLeastOne(
      'interfaces',
      interfaces.map(({ mtu: _, ...rest }) => rest),
    ),
    ...atLeastOne(
      'ips',
      ips.map((ip) => ({ version: isV6(ip.address) ? '6' : '4', ...ip })),
    ),
    ...atLeastOne('routes', routes),
  }
}

/** 0.1.0 and 0.2.0 know one address of each family and no interfaces. */
function formatByFamily({ ips, routes }: CniResult): Json {
  const side = (six: boolean): Json | undefined => {
    const ip = ips.find(({ address }) => isV6(address) === six)
    if (!ip) return undefined
    return {
      ip: ip.address,
      ...(ip.gateway && { gateway: ip.gateway }),
      ...atLeastOne(
        'routes',
        routes.filter(({ dst }) => isV6(dst) === six),
      ),
    }
  }
  const [ip4, ip6] = [side(false), side(true)]
  return { ...(ip4 && { ip4 }), ...(ip6 && { ip6 }) }
}

function atLeastOne(key: string, list: readonly unknown[]): Json {
  return list.length === 0 ? {} : { [key]: list }
}

export function isV6(address: string): boolean {
  return address.includes(':')
}

/**
 * Reads the result of another plugin, or a `prevResult`, of any version.
 * @param fallback the version to assume when the result does not say
 * @throws CniError cni/undecodable naming `where` and the field
 */
export function parseResult(value: unknown, fallback: CniVersion, where: string): CniResult {
  const json = asObject(value, where)
  const version = json.cniVersion === undefined || json.cniVersion === '' ? fallback : json.cniVersion
  if (typeof version !== 'string' || !isSupported(version))
    throw new CniError('cni/incompatible-version', `${where} has unsupported cniVersion ${JSON.stringify(version)}`)
  const dns = json.dns === undefined || json.dns === null ? undefined : asObject(json.dns, `${where}.dns`)
  const known = isOlder(version, '0.3.0') ? parseByFamily(json, where) : parseLists(json, where)
  return { ...known, ...(dns && Object.keys(dns).length > 0 && { dns: dns as ResultDns }) }
}

function parseByFamily(json: Json, where: string): CniResult {
  const sides = ['ip4', 'ip6'].flatMap((key) =>
    json[key] === undefined || json[key] === null ? [] : [[key, asObject(json[key], `${where}.${key}`)] as const],
  )
  return {
    interfaces: [],
    ips: sides.map(([key, side]) => parseAddress({ address: side.ip, gateway: side.gateway }, `${where}.${key}`)),
    routes: sides.flatMap(([key, side]) => asList(side.routes, `${where}.${key}.routes`).map(parseRoute)),
  }
}

function parseLists(json: Json, where: string): CniResult {
  return {
    interfaces: asList(json.interfaces, `${where}.interfaces`).map(([item, at]) => parseInterface(item, at)),
    ips: asList(json.ips, `${where}.ips`).map(([item, at]) => parseAddress(asObject(item, at), at)),
    routes: asList(json.routes, `${where}.routes`).map(parseRoute),
  }
}

function parseInterface(value: unknown, at: string): ResultInterface {
  const { name, mac, mtu, sandbox } = asObject(value, at)
  if (typeof name !== 'string') throw undecodable(`${at}.name`, 'a string', name)
  return {
    name,
    ...(typeof mac === 'string' && mac !== '' && { mac }),
    ...(typeof mtu === 'number' && mtu > 0 && { mtu }),
    ...(typeof sandbox === 'string' && sandbox !== '' && { sandbox }),
  }
}

function parseAddress({ address, gateway, interface: index }: Json, at: string): ResultAddress {
  return {
    ...(typeof index === 'number' && { interface: index }),
    address: requireCidr(address, `${at}.address`),
    ...(typeof gateway === 'string' && gateway !== '' && { gateway }),
  }
}

function parseRoute([value, at]: readonly [unknown, string]): ResultRoute {
  const { dst, gw } = asObject(value, at)
  return { dst: requireCidr(dst, `${at}.dst`), ...(typeof gw === 'string' && gw !== '' && { gw }) }
}

function requireCidr(value: unknown, at: string): string {
  if (typeof value !== 'string' || !value.includes('/')) throw undecodable(at, 'a CIDR such as 10.0.0.5/32', value)
  try {
    parseCidr(value)
    return value
  } catch (cause) {
    throw new CniError('cni/undecodable', `${at} is no CIDR: ${JSON.stringify(value)}`, { cause })
  }
}

function asObject(value: unknown, at: string): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw undecodable(at, 'an object', value)
  return value as Json
}

function asList(value: unknown, at: string): (readonly [unknown, string])[] {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value)) throw undecodable(at, 'a list', value)
  return value.map((item: unknown, i) => [item, `${at}[${i}]`] as const)
}

function undecodable(at: string, wanted: string, value: unknown): CniError {
  return new CniError('cni/undecodable', `${at} must be ${wanted}, not ${JSON.stringify(value) ?? 'absent'}`)
}
