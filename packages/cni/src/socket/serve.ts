import { chmodSync, rmSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { dirname } from 'node:path'
import type { Call, Log } from '@tortie/runtime'
import { CniError } from '../errors.ts'
import { makeDirectory } from '../files/make-directory.ts'
import { createTurns, type Turns } from '../files/turns.ts'
import type { CniDrivers, CniReply } from '../ports.ts'
import { runCni } from '../run.ts'
import {
  type Answer,
  type Greeting,
  lineReader,
  netnsIdentity,
  ownNetns,
  protocolVersion,
  type Question,
} from './messages.ts'

export interface ServeOptions {
  /** Path of the Unix socket; only its owner may use it. */
  readonly path: string
  readonly drivers: CniDrivers
  readonly log: Log
}

/**
 * Executes CNI commands for the plugin processes of this host, with the function that they would use themselves.
 * Commands for one container wait for each other. Ends when disposed or aborted; a command that runs is finished, or
 * rolled back if it is an ADD, first.
 * @throws CniError cni/set-up when the socket is taken by another agent or cannot be made
 */
export async function serveCni(options: ServeOptions, { signal }: Call): Promise<AsyncDisposable> {
  signal.throwIfAborted()
  const stop = new AbortController()
  const turns = createTurns()
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    serveConnection(socket, { ...options, turns, signal: stop.signal })
  })
  await listen(server, options.path)
  const close = async (): Promise<void> => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    stop.abort(new CniError('cni/try-again', 'the agent is shutting down'))
    await turns.idle()
    for (const socket of sockets) socket.destroySoon()
    await closed
  }
  const onAbort = (): void => void close()
  signal.addEventListener('abort', onAbort, { once: true })
  return {
    async [Symbol.asyncDispose]() {
      signal.removeEventListener('abort', onAbort)
      if (server.listening) await close()
    },
  }
}

async function listen(server: Server, path: string): Promise<void> {
  try {
    makeDirectory(dirname(path), 0o755)
    if (await answers(path)) throw new CniError('cni/set-up', `another agent listens on ${path}; stop it first`)
    rmSync(path, { force: true })
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(path, resolve)
    })
    chmodSync(path, 0o600)
  } catch (cause) {
    if (cause instanceof CniError) throw cause
    throw new CniError('cni/set-up', `cannot listen on ${path}; check that its directory can be written`, { cause })
  }
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => resolve(true))
    socket.once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}

interface Session extends ServeOptions {
  readonly turns: Turns
  readonly signal: AbortSignal
}

function serveConnection(socket: Socket, session: Session): void {
  const gone = new AbortController()
  const read = lineReader()
  let asked = false
  socket.setEncoding('utf8')
  socket.on('error', () => undefined) // 'close' follows
  socket.on('close', () => gone.abort(new CniError('cni/failed', 'the plugin process went away')))
  socket.on('data', (chunk: string) => {
    for (const line of read(chunk)) {
      if (asked) return socket.destroy()
      asked = true
      answerLine(line, session, gone.signal).then(
        (answer) => socket.end(`${JSON.stringify(answer)}\n`),
        (error: unknown) => {
          session.log.error('cni.socket.failed', { error })
          socket.destroy()
        },
      )
    }
  })
  const greeting: Greeting = { tortieCni: protocolVersion, netns: ownNetns() }
  socket.write(`${JSON.stringify(greeting)}\n`)
}

async function answerLine(line: string, session: Session, gone: AbortSignal): Promise<Answer> {
  const { program, args, env, stdin, sandbox } = JSON.parse(line) as Question
  if (session.signal.aborted) return { refused: 'the agent is shutting down' }
  if (sandbox !== netnsIdentity(env.CNI_NETNS ?? ''))
    return { refused: `the agent does not see the same file at ${env.CNI_NETNS}` }
  // An ADD whose caller is gone would leave a link that nobody knows of; everything else is worth finishing.
  const adding = env.CNI_COMMAND === 'ADD'
  const signal = adding ? AbortSignal.any([gone, session.signal]) : new AbortController().signal
  const work = (): Promise<CniReply> =>
    runCni({ program, args, env, readStdin: () => stdin }, session.drivers, { signal })
  return await session.turns.run(env.CNI_CONTAINERID ?? '', work)
}
