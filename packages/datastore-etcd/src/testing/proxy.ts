import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** Stands between a client and a server, and does what networks do. */
export interface TcpProxy extends AsyncDisposable {
  readonly endpoint: string
  /** How often something was cut. */
  readonly cuts: number
  /** While false every new connection is cut at once. */
  accepting: boolean
  /** While true nothing passes, in either direction, and nobody is told. */
  silent: boolean
  /** While true what the server sends is lost, and nobody is told. */
  losingAnswers: boolean
  /** Cuts every connection now. */
  cut(): void
  /** Cuts a connection when the server next sends something over it, which is lost. */
  cutAtAnswer(): void
  /** Cuts a connection when the client next sends something over it, which is lost. */
  cutAtRequest(): void
}

/** A proxy on a free port of loopback. */
export async function startProxy(port: number): Promise<TcpProxy> {
  const pairs = new Set<readonly [Socket, Socket]>()
  let cuts = 0
  let cutAt: 'request' | 'answer' | undefined
  const cutPair = (pair: readonly [Socket, Socket]): void => {
    pairs.delete(pair)
    for (const socket of pair) socket.destroy()
  }
  const server = createServer((client) => {
    if (!proxy.accepting) {
      client.destroy()
      return
    }
    const upstream = connect(port, '127.0.0.1')
    const pair = [client, upstream] as const
    pairs.add(pair)
    const pass = (from: Socket, to: Socket, what: 'request' | 'answer'): void => {
      from.setNoDelay()
      from.on('error', () => undefined)
      from.on('close', () => cutPair(pair))
      from.on('data', (chunk) => {
        if (proxy.silent || (proxy.losingAnswers && what === 'answer')) return
        if (cutAt === what) {
          cutAt = undefined
          cuts++
          cutPair(pair)
        } else to.write(chunk)
      })
    }
    pass(client, upstream, 'request')
    pass(upstream, client, 'answer')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const proxy: TcpProxy = {
    endpoint: `http://127.0.0.1:${(server.address() as { port: number }).port}`,
    get cuts() {
      return cuts
    },
    accepting: true,
    silent: false,
    losingAnswers: false,
    cut() {
      if (pairs.size > 0) cuts++
      for (const pair of pairs) cutPair(pair)
    },
    cutAtAnswer: () => {
      cutAt = 'answer'
    },
    cutAtRequest: () => {
      cutAt = 'request'
    },
    async [Symbol.asyncDispose]() {
      server.close()
      proxy.cut()
    },
  }
  return proxy
}
