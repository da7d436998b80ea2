import { readAddress, writeAddress } from '@tortie/ip'

export const AF_INET = 2
export const AF_INET6 = 10

export interface Endpoint {
  readonly address: string
  readonly port: number
}

/** sockaddr_in or sockaddr_in6. @throws IpError */
export function encodeEndpoint({ address, port }: Endpoint): Uint8Array {
  const v6 = address.includes(':')
  const bytes = new Uint8Array(v6 ? 28 : 16)
  new Uint16Array(bytes.buffer)[0] = v6 ? AF_INET6 : AF_INET
  new DataView(bytes.buffer).setUint16(2, port)
  writeAddress(address, bytes, v6 ? 8 : 4)
  return bytes
}

/** What the kernel filled into the 28 bytes that it was given. */
export function decodeEndpoint(bytes: Uint8Array): Endpoint {
  const v6 = new Uint16Array(bytes.buffer)[0] === AF_INET6
  const port = new DataView(bytes.buffer).getUint16(2)
  return { address: readAddress(bytes, v6 ? 8 : 4, v6 ? 6 : 4), port }
}
