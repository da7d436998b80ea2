/** A raw BGP session of a bench: the same towards every daemon. */
import { connect, type Socket } from 'node:net'
import {
  defaultWireOptions,
  encodeMessage,
  keepalive,
  type Message,
  MessageFramer,
  type OpenMessage,
  type WireOptions,
} from '@tortie/bgp'

export interface SessionOptions {
  readonly local: string
  readonly remote: string
  readonly as: number
  /** Seconds; a third of it between keepalives. */
  readonly holdTime: number
}

export const wire: WireOptions = { ...defaultWireOptions, peer: 'external' }

const openOf = ({ local, as, holdTime }: SessionOptions): OpenMessage => ({
  kind: 'OPEN',
  myAs: as,
  holdTime,
  bgpId: local,
  capabilities: [
    { kind: 'multiprotocol', afi: 1, safi: 1 },
    { kind: 'fourOctetAs', as },
  ],
})

/** Dials until the daemon is there; resolves when the session is up. A session that ends later ends the process. */
export async function openSession(options: SessionOptions, onUpdate: (message: Uint8Array) => void): Promise<Socket> {
  const socket = await dial(options)
  const send = (message: Message): void => void socket.write(encodeMessage(message, wire))
  const framer = new MessageFramer()
  const started = new Promise<void>((resolve) => {
    socket.on('data', (bytes: Buffer) => {
      const refusal = framer.push(bytes, (message) => {
        const type = message[18]
        if (type === 1) send(keepalive)
        else if (type === 2) onUpdate(message)
        else if (type === 3) throw new Error(`NOTIFICATION ${message[19]}/${message[20]} to ${options.local}`)
        else if (type === 4) resolve()
        return undefined
      })
      if (refusal) throw new Error('the peer speaks no BGP')
    })
  })
  socket.on('close', () => {
    throw new Error(`the session of ${options.local} is over`)
  })
  send(openOf(options))
  setInterval(() => send(keepalive), (options.holdTime / 3) * 1000)
  await started
  return socket
}

async function dial({ local, remote }: SessionOptions): Promise<Socket> {
  for (;;) {
    const socket = connect({ host: remote, port: 179, localAddress: local, noDelay: true })
    const connected = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true))
      socket.once('error', () => resolve(false))
    })
    if (connected) return socket
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
}
