/** The UDP sockets that BFD needs, as a port: `@tortie/linux` has them. Addresses are canonical texts. */
export interface BfdTransport {
  /**
   * Opens a socket. `receive` gets each datagram during the call only: its bytes are used again after.
   * @throws when the address is not there or the port is taken
   */
  open(options: BfdSocketOptions, receive?: (bytes: Uint8Array, from: BfdEndpoint) => void): BfdSocket
}

export interface BfdSocketOptions {
  /** The local address. */
  readonly address: string
  /** The local port, or a range of which any will do. */
  readonly port: number | { readonly from: number; readonly to: number }
  /** Only through this interface. */
  readonly interface?: string
  /** TTL or hop limit of what is sent. */
  readonly ttl?: number
  /** What arrives with less must be dropped. */
  readonly minTtl?: number
}

export interface BfdSocket extends Disposable {
  /** Never waits. @throws when the kernel refuses, e.g. without a route */
  send(bytes: Uint8Array, to: BfdEndpoint): void
}

export interface BfdEndpoint {
  readonly address: string
  readonly port: number
}
