import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { TestNetns } from '@tortie/linux/testing'
import type { Call } from '@tortie/runtime'
import { type Daemon, startDaemon } from './process.ts'

export interface Exabgp extends Daemon {
  /** Every event it told, oldest first: `type` is `open`, `update`, `notification`, `state`, … */
  readonly events: readonly ExabgpEvent[]
  /** A command of its API, e.g. `announce route 192.0.2.0/24 next-hop 10.0.0.5`. @throws Error when it is refused */
  command(text: string): Promise<void>
}

export interface ExabgpEvent {
  readonly type: string
  readonly text?: string
  readonly neighbor?: Readonly<Record<string, unknown>>
}

/** The `process` and `api` blocks by which ExaBGP tells `startExabgp` what it receives. */
export interface ExabgpApi {
  /** For the top of the configuration. */
  readonly process: string
  /** For each neighbour. */
  readonly neighbor: string
}

const relay = fileURLToPath(new URL('exabgp-relay.ts', import.meta.url))

/**
 * Starts ExaBGP and waits until its API is there.
 * @param config makes the configuration, given the blocks of the API
 * @param dir a directory of its own; made
 */
export async function startExabgp(
  netns: TestNetns,
  config: (api: ExabgpApi) => string,
  dir: string,
  signal: AbortSignal,
): Promise<Exabgp> {
  const call: Call = { signal }
  const file = join(dir, 'exabgp.conf')
  const socket = join(dir, 'exabgp.sock')
  const api: ExabgpApi = {
    process: `process relay { run ${process.execPath} ${relay} ${socket}; encoder json; }`,
    neighbor: 'api { processes [ relay ]; neighbor-changes; receive { parsed; open; update; notification; refresh; } }',
  }
  mkdirSync(dir, { recursive: true })
  writeFileSync(file, config(api))
  const server = createServer()
  server.listen(socket)
  await once(server, 'listening')
  const connected = new Promise<Socket>((resolve) => server.once('connection', resolve))
  let isConnected = false
  void connected.then(() => (isConnected = true))
  const env = {
    'exabgp.daemon.user': 'root',
    'exabgp.api.cli': 'false',
    'exabgp.log.destination': 'stderr',
    'exabgp.tcp.attempts': '0',
  }
  try {
    const options = { command: 'exabgp', args: [file], env, ready: async () => isConnected }
    const daemon = await startDaemon(netns, options, call)
    return { ...daemon, ...converse(await connected) }
  } finally {
    server.close()
  }
}

/** Some of its lines are not JSON, e.g. those of route refreshes (4.2): they are kept as `text`. */
function parseEvent(line: string): ExabgpEvent {
  try {
    return JSON.parse(line) as ExabgpEvent
  } catch {
    return { type: /"type": "(\w+)"/.exec(line)?.[1] ?? 'unreadable', text: line }
  }
}

function converse(socket: Socket): Pick<Exabgp, 'events' | 'command'> {
  const events: ExabgpEvent[] = []
  const waiting: ((answer: string) => void)[] = []
  socket.on('error', () => undefined)
  socket.on('close', () => {
    for (const answer of waiting.splice(0)) answer('exabgp has ended')
  })
  createInterface({ input: socket }).on('line', (line) => {
    if (line.startsWith('{')) events.push(parseEvent(line))
    else waiting.shift()?.(line)
  })
  return {
    events,
    async command(text) {
      const answer = await new Promise<string>((resolve) => {
        waiting.push(resolve)
        socket.write(`${text}\n`)
      })
      if (answer !== 'done') throw new Error(`exabgp: ${text}: ${answer}`)
    },
  }
}
