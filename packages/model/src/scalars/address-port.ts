import { IpError, parseAddress } from '@tortie/ip'
import { badValue } from './bad-value.ts'

/** An address and, if it is told, a port. */
export interface AddressPort {
  /** As it was written, without brackets. */
  readonly address: string
  readonly family: 4 | 6
  readonly port?: number
}

/** `10.0.0.1`, `10.0.0.1:179`, `fd00::1` or `[fd00::1]:179`. @throws ModelError `model/bad-value` */
export function parseAddressPort(text: string): AddressPort {
  const [, bracketed, bare, digits] = /^(?:\[([^[\]]+)\]|([^:]+)):([0-9]{1,5})$/.exec(text) ?? []
  const address = bracketed ?? bare ?? text
  const family = familyOf(text, address)
  if (digits === undefined) return { address, family }
  if (family === 4 && bracketed !== undefined) badValue('address with port', text, 'only IPv6 stands in brackets')
  const port = Number(digits)
  if (port < 1 || port > 65_535) badValue('address with port', text, 'a port is a number from 1 to 65535')
  return { address, family, port }
}

function familyOf(text: string, address: string): 4 | 6 {
  try {
    return parseAddress(address).family
  } catch (error) {
    if (!(error instanceof IpError)) throw error
    return badValue('address with port', text, 'write <IP>, <IPv4>:<port> or [<IPv6>]:<port>')
  }
}
