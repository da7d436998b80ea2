import {
  type Address,
  canonicalPrefix,
  formatAddress,
  IpError,
  type Prefix,
  parseAddress,
  parsePrefix,
} from '@tortie/ip'
import { DataplaneError } from './errors.ts'
import { protocolNumbers } from './protocol.ts'

export interface IpPort {
  readonly address: Address
  /** IANA number. */
  readonly protocol: number
  readonly port: number
}

/** A member of a `net` set, e.g. `10.0.0.1/32`. @throws DataplaneError `dataplane/bad-member` unless canonical */
export function parseNetMember(member: string): Prefix {
  try {
    const prefix = parsePrefix(member)
    if (prefix.length === 0) throw fail(member, 'a length of 0 is written as two prefixes of length 1')
    if (member !== canonicalPrefix(member)) throw fail(member, `write ${canonicalPrefix(member)}`)
    return prefix
  } catch (error) {
    throw error instanceof IpError ? fail(member, error.message, error) : error
  }
}

/** A member of an `ip-port` set, `10.0.0.1,tcp:8080`. @throws DataplaneError `dataplane/bad-member` */
export function parseIpPortMember(member: string): IpPort {
  const [, address, name, digits] = /^([0-9a-f.:]+),([a-z0-9]+):([0-9]{1,5})$/.exec(member) ?? []
  if (address === undefined || name === undefined) throw fail(member, 'write <address>,<protocol>:<port>')
  const protocol = protocolNumbers[name] ?? (/^[0-9]{1,3}$/.test(name) ? Number(name) : 256)
  if (protocol > 255) throw fail(member, `unknown protocol ${name}; write its number`)
  const port = Number(digits)
  if (port > 65_535) throw fail(member, 'a port is at most 65535')
  try {
    return { address: parseAddress(address), protocol, port }
  } catch (error) {
    throw fail(member, error instanceof Error ? error.message : String(error), error)
  }
}

/** As the engine writes it: the protocol by name where there is one. */
export function formatIpPortMember({ address, protocol, port }: IpPort): string {
  const name = Object.entries(protocolNumbers).find(([, number]) => number === protocol)?.[0] ?? String(protocol)
  return `${formatAddress(address)},${name}:${port}`
}

function fail(member: string, why: string, cause?: unknown): DataplaneError {
  return new DataplaneError('dataplane/bad-member', { member, why }, cause === undefined ? undefined : { cause })
}
