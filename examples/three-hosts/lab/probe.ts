/**
 * Runs inside a pod: answers TCP and UDP on the ports given, and on command (a JSON line on stdin) sends real packets
 * and says what came back. `node probe.ts PORT…`
 */
import { spawn } from 'node:child_process'
import { createSocket, type Socket } from 'node:dgram'
import { connect, createServer } from 'node:net'
import { createInterface } from 'node:readline'

export interface Attempt {
  readonly id: number
  readonly protocol: 'tcp' | 'udp' | 'icmp'
  readonly to: string
  readonly port: number
  readonly timeoutMs: number
}
export interface Outcome {
  readonly id: number
  readonly reached: boolean
}
/** `stream` counts exchanges for ever; `count` reads the counters; so that loss during a restart can be seen. */
export type Command =
  | { readonly do: 'attempt'; readonly attempt: Attempt }
  | ({ readonly do: 'stream' } & Stream)
  | { readonly do: 'count'; readonly id: number }
export interface Stream {
  readonly id: number
  readonly to: string
  readonly port: number
  /** A new flow for each packet, so that each meets the policy; otherwise all are one flow. */
  readonly fresh: boolean
}
export interface StreamCount {
  readonly id: number
  readonly sent: number
  readonly answered: number
}

const reply = (value: Outcome | StreamCount | { readonly listening: true }): void => {
  process.stdout.write(`${JSON.stringify(value)}\n`)
}

async function listen(ports: readonly number[]): Promise<void> {
  for (const port of ports) {
    await new Promise<void>((done) =>
      createServer((socket) => socket.end('tortie\n').on('error', () => {})).listen(port, '::', done),
    )
    const socket = createSocket({ type: 'udp6', ipv6Only: false })
    socket.on('message', (message, from) => socket.send(message, from.port, from.address))
    await new Promise<void>((done) => socket.bind(port, '::', done))
  }
  reply({ listening: true })
}

function attemptTcp({ to, port, timeoutMs }: Attempt): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: to, port, timeout: timeoutMs })
    const end = (reached: boolean): void => {
      socket.destroy()
      resolve(reached)
    }
    socket
      .on('data', () => end(true))
      .on('error', () => end(false))
      .on('timeout', () => end(false))
  })
}

function attemptUdp({ to, port, timeoutMs }: Attempt): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket(to.includes(':') ? 'udp6' : 'udp4')
    const end = (reached: boolean): void => {
      clearTimeout(timer)
      socket.close()
      resolve(reached)
    }
    const timer = setTimeout(() => end(false), timeoutMs)
    socket.on('message', () => end(true)).on('error', () => end(false))
    socket.send('tortie', port, to)
  })
}

function attemptIcmp({ to, timeoutMs }: Attempt): Promise<boolean> {
  return new Promise((resolve) => {
    const seconds = String(timeoutMs / 1000)
    const ping = spawn('ping', ['-n', '-c', '1', '-W', seconds, to], { stdio: 'ignore' })
    ping.on('error', () => resolve(false)).on('exit', (code) => resolve(code === 0))
  })
}

const attempts = { tcp: attemptTcp, udp: attemptUdp, icmp: attemptIcmp }
const streams = new Map<number, { sent: number; answered: number }>()

/** One UDP exchange every 5 ms. */
function startStream({ id, to, port, fresh }: Stream): void {
  const count = { sent: 0, answered: 0 }
  streams.set(id, count)
  const open = (): Socket => {
    const socket = createSocket(to.includes(':') ? 'udp6' : 'udp4')
    return socket.on('message', () => count.answered++).on('error', () => {})
  }
  const lasting = fresh ? undefined : open()
  setInterval(() => {
    const socket = lasting ?? open()
    count.sent++
    socket.send('tortie', port, to, () => {})
    if (fresh) setTimeout(() => socket.close(), 2000)
  }, 5)
}

async function main(): Promise<void> {
  await listen(process.argv.slice(2).map(Number))
  for await (const line of createInterface({ input: process.stdin })) {
    const command = JSON.parse(line) as Command
    if (command.do === 'attempt') {
      const { attempt } = command
      void attempts[attempt.protocol](attempt).then((reached) => reply({ id: attempt.id, reached }))
    } else if (command.do === 'stream') startStream(command)
    else reply({ id: command.id, sent: 0, answered: 0, ...streams.get(command.id) })
  }
  process.exit()
}

if (import.meta.main) await main()
