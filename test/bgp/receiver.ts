/** The other end of a session that only listens and notes when what came. */
import {
  decodeMessage,
  defaultWireOptions,
  encodeMessage,
  keepalive,
  MessageFramer,
  type OpenMessage,
} from '@tortie/bgp/codec'
import { openTcpNetwork } from '@tortie/linux'
import type { TestNetns } from '@tortie/linux/testing'

export interface Receiver extends Disposable {
  /** When each KEEPALIVE of the latest connection came, by `performance.now()`. */
  readonly keepalives: readonly number[]
  /** Connections that there were. */
  readonly connections: number
}

export interface ReceiverOptions {
  readonly as: number
  /** IPv4 text. */
  readonly bgpId: string
  /** Seconds. */
  readonly holdTime: number
}

/** Listens on port 179, answers each OPEN, and sends a KEEPALIVE each second. */
export async function startReceiver(netns: TestNetns, { as, bgpId, holdTime }: ReceiverOptions): Promise<Receiver> {
  const keepalives: number[] = []
  let connections = 0
  let close = (): void => undefined
  const open: OpenMessage = {
    kind: 'OPEN',
    myAs: as,
    holdTime,
    bgpId,
    capabilities: [
      { kind: 'multiprotocol', afi: 1, safi: 1 },
      { kind: 'fourOctetAs', as },
    ],
  }
  const listener = await openTcpNetwork({ netns }).listen({ family: 4, port: 179 }, new Map(), (connection) => {
    close()
    connections++
    keepalives.length = 0
    const framer = new MessageFramer()
    const send = (message: OpenMessage | typeof keepalive): void =>
      void connection.write(encodeMessage(message, defaultWireOptions))
    const timer = setInterval(() => send(keepalive), 1000)
    close = () => {
      clearInterval(timer)
      connection.abort()
    }
    connection.start({
      data: (bytes) =>
        void framer.push(bytes, (text) => {
          const decoded = decodeMessage(text, defaultWireOptions)
          if (decoded.kind !== 'message') return true
          if (decoded.message.kind === 'KEEPALIVE') keepalives.push(performance.now())
          if (decoded.message.kind === 'OPEN') {
            send(open)
            send(keepalive)
          }
          return true
        }),
      drain: () => undefined,
      end: () => close(),
    })
  })
  return {
    keepalives,
    get connections() {
      return connections
    },
    [Symbol.dispose]() {
      close()
      listener.close()
    },
  }
}

/** The longest time without one, in milliseconds. */
export function longestGap(times: readonly number[], from: number, until: number): number {
  const within = [from, ...times.filter((time) => time > from && time < until), until]
  return Math.max(...within.slice(1).map((time, i) => time - (within[i] ?? time)))
}
