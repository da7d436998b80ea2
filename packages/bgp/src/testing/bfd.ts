import fc from 'fast-check'
import { bfdStates, type ControlPacket } from '../bfd/packet.ts'
import type { BfdEndpoint, BfdSocket, BfdSocketOptions, BfdTransport } from '../bfd/ports.ts'

const u32 = fc.integer({ min: 0, max: 0xffff_ffff })

/** Packets that pass every check. */
export const anyControlPacket: fc.Arbitrary<ControlPacket> = fc
  .record({
    diag: fc.integer({ min: 0, max: 31 }),
    state: fc.constantFrom(...bfdStates),
    poll: fc.boolean(),
    final: fc.boolean(),
    controlPlaneIndependent: fc.boolean(),
    demand: fc.boolean(),
    detectMult: fc.integer({ min: 1, max: 255 }),
    myDiscr: fc.integer({ min: 1, max: 0xffff_ffff }),
    yourDiscr: u32,
    desiredMinTxInterval: u32,
    requiredMinRxInterval: u32,
    requiredMinEchoRxInterval: u32,
  })
  .filter(({ state, yourDiscr }) => yourDiscr !== 0 || state === 'Down' || state === 'AdminDown')

/** A datagram on its way. */
export interface Datagram {
  readonly bytes: Uint8Array
  readonly from: BfdEndpoint
  readonly to: BfdEndpoint
  readonly ttl: number
}

/** A network without routers, delay or kernel: what is sent arrives at once, unless it is lost. */
export class TestNetwork implements BfdTransport {
  /** Every datagram sent, oldest first, lost or not. */
  readonly sent: Datagram[] = []
  lost: (datagram: Datagram) => boolean = () => false
  private readonly sockets = new Map<string, BfdSocketOptions & { readonly receive: Receive | undefined }>()

  /** Sockets that are open. */
  get size(): number {
    return this.sockets.size
  }

  open(options: BfdSocketOptions, receive?: Receive): BfdSocket {
    let port = typeof options.port === 'number' ? options.port : options.port.from
    const key = (): string => `${options.address} ${port}`
    while (this.sockets.has(key())) {
      if (typeof options.port === 'number') throw new Error(`${key()} is taken`)
      port++
    }
    this.sockets.set(key(), { ...options, receive })
    return {
      send: (bytes, to) => {
        const datagram = { bytes, from: { address: options.address, port }, to, ttl: options.ttl ?? 64 }
        this.sent.push(datagram)
        if (!this.lost(datagram)) queueMicrotask(() => this.deliver(datagram))
      },
      [Symbol.dispose]: () => void this.sockets.delete(key()),
    }
  }

  deliver({ bytes, from, to, ttl }: Datagram): void {
    const socket = this.sockets.get(`${to.address} ${to.port}`)
    if (socket && ttl >= (socket.minTtl ?? 0)) socket.receive?.(bytes, from)
  }
}

type Receive = (bytes: Uint8Array, from: BfdEndpoint) => void
