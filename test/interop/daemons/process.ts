/** A real routing daemon inside a namespace: started, watched, and ended by its process id. */
import type { ChildProcess } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { TestNetns } from '@tortie/linux/testing'
import type { Call } from '@tortie/runtime'

export interface Daemon {
  readonly pid: number
  /** The last 64 KiB of what it printed. */
  output(): string
  /** Asks it to end (SIGTERM) and waits; after 10 s it is killed. */
  stop(): Promise<void>
  /** Ends it at once (SIGKILL), as a crash would, and waits until it is gone. */
  kill(): Promise<void>
  /** Holds it still: sockets stay open, nothing is answered. */
  pause(): void
  resume(): void
}

export interface DaemonOptions {
  readonly command: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Whether it answers now; asked until it does. */
  ready(call: Call): Promise<boolean>
}

const outputBytes = 64 << 10
const startMs = 30_000
const stopMs = 10_000

/**
 * Starts a daemon that stays in the foreground, and waits until it is ready. When `signal` aborts it is killed.
 * @throws Error with its output when it ends, or is not ready in 30 s
 */
export async function startDaemon(netns: TestNetns, options: DaemonOptions, { signal }: Call): Promise<Daemon> {
  signal.throwIfAborted()
  const { command, args, env } = options
  const stdio = ['ignore', 'pipe', 'pipe'] as const
  const child = netns.spawn(command, args, { stdio: [...stdio], ...(env ? { env: { ...process.env, ...env } } : {}) })
  let printed = ''
  const note = (chunk: Buffer | string): void => {
    printed = (printed + String(chunk)).slice(-outputBytes)
  }
  child.stdout?.on('data', note)
  child.stderr?.on('data', note)
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve())
    child.once('error', (error) => {
      note(error.message)
      resolve()
    })
  })
  const daemon = handle(child, ended, () => printed)
  signal.addEventListener('abort', () => void daemon.kill(), { once: true })
  try {
    await whenReady(options, child, () => printed, { signal })
  } catch (error) {
    await daemon.kill()
    throw error
  }
  return daemon
}

function handle(child: ChildProcess, ended: Promise<void>, output: () => string): Daemon {
  return {
    pid: child.pid ?? 0,
    output,
    async stop() {
      child.kill('SIGTERM')
      const timer = setTimeout(() => child.kill('SIGKILL'), stopMs)
      await ended
      clearTimeout(timer)
    },
    async kill() {
      child.kill('SIGKILL')
      await ended
    },
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
  }
}

/** Daemons do not say when they are ready, so they are asked. */
async function whenReady(
  { command, ready }: DaemonOptions,
  child: ChildProcess,
  output: () => string,
  { signal }: Call,
): Promise<void> {
  const deadline = performance.now() + startMs
  while (!(await ready({ signal }).catch(() => false))) {
    signal.throwIfAborted()
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`${command} ended: ${output()}`)
    if (performance.now() > deadline) throw new Error(`${command} is not ready: ${output()}`)
    await sleep(50)
  }
}

/** A directory for the daemons of one test, which other users may enter (FRR runs as one); removed when disposed. */
export function createDirectory(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'tortie-daemons-'))
  chmodSync(path, 0o711)
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) }
}

/** Runs a client program inside the namespace. @throws Error with what it printed when it fails or takes over 30 s */
export async function query(netns: TestNetns, command: string, args: readonly string[], call: Call): Promise<string> {
  call.signal.throwIfAborted()
  const child = netns.spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], signal: call.signal, timeout: 30_000 })
  let stdout = ''
  let stderr = ''
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk
  })
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk
  })
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: exit ${status}: ${stderr}${stdout}`)
  return stdout
}

/** Asks until `answer` is something, e.g. the state of a session. @throws Error with `what` after `timeoutMs` */
export async function eventually<T>(
  what: string,
  answer: () => Promise<T | undefined | false> | T | undefined | false,
  { signal }: Call,
  timeoutMs: number = 30_000,
): Promise<T> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const found = await answer()
    if (found !== undefined && found !== false) return found
    signal.throwIfAborted()
    if (performance.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${what}`)
    await sleep(50)
  }
}
