import type { MessagePort } from 'node:worker_threads'
import type { Call } from '@tortie/runtime'

/** Any object whose methods take plain data and a Call, and give plain data. */
type Remote = { readonly [method: string]: (argument: never, call: Call) => Promise<unknown> }

type Request =
  | { readonly id: number; readonly method: string; readonly argument: unknown }
  | { readonly id: number; readonly cancel: true }
interface Answer {
  readonly id: number
  readonly value?: unknown
  readonly error?: { readonly message: string; readonly code?: string }
}

/** What a call in the other thread threw, with its message and code. */
export class RemoteError extends Error {
  readonly code: string | undefined
  constructor({ message, code }: NonNullable<Answer['error']>) {
    super(message)
    this.name = 'RemoteError'
    this.code = code
  }
}

/** Answers the calls that come through the port with the methods of `target`, until the port closes. */
export function serveCalls(port: MessagePort, target: Remote): void {
  const running = new Map<number, AbortController>()
  port.on('message', (request: Request) => {
    const { id } = request
    if ('cancel' in request) {
      running.get(id)?.abort(new Error('the caller has given up'))
      return
    }
    const stop = new AbortController()
    running.set(id, stop)
    const answer = (rest: Omit<Answer, 'id'>): void => {
      running.delete(id)
      port.postMessage({ id, ...rest } satisfies Answer)
    }
    void (async () => target[request.method]?.(request.argument as never, { signal: stop.signal }))().then(
      (value) => answer({ value }),
      (error: unknown) => answer({ error: describe(error) }),
    )
  })
  port.on('close', () => {
    for (const stop of running.values()) stop.abort(new Error('the caller is gone'))
  })
}

function describe(error: unknown): NonNullable<Answer['error']> {
  if (!(error instanceof Error)) return { message: String(error) }
  const { code } = error as { code?: unknown }
  return typeof code === 'string' ? { message: error.message, code } : { message: error.message }
}

/** A MessagePort or a Worker. */
interface Channel {
  postMessage(message: unknown): void
  on(event: string, heard: (message: Answer) => void): unknown
}

/**
 * The methods named, each a call through the port, or to the thread itself. They throw `signal.reason`, RemoteError, or
 * that the thread is gone.
 */
export function remoteCalls<T extends object>(port: Channel, methods: readonly (keyof T & string)[]): T {
  const waiting = new Map<number, (answer: Answer) => void>()
  let next = 0
  let closed = false
  port.on('message', (answer: Answer) => waiting.get(answer.id)?.(answer))
  const gone = (): void => {
    closed = true
    for (const [id, settle] of waiting) settle({ id, error: { message: 'the other thread is gone' } })
  }
  // A port closes; a thread only exits.
  port.on('close', gone)
  port.on('exit', gone)
  const ask = (method: string, argument: unknown, { signal }: Call): Promise<unknown> =>
    new Promise((resolve, reject) => {
      signal.throwIfAborted()
      if (closed) throw new RemoteError({ message: 'the other thread is gone' })
      const id = next++
      const abort = (): void => {
        port.postMessage({ id, cancel: true } satisfies Request)
        waiting.delete(id)
        reject(signal.reason)
      }
      waiting.set(id, ({ value, error }) => {
        waiting.delete(id)
        signal.removeEventListener('abort', abort)
        if (error) reject(new RemoteError(error))
        else resolve(value)
      })
      signal.addEventListener('abort', abort, { once: true })
      port.postMessage({ id, method, argument } satisfies Request)
    })
  const call = (method: string) => (argument: unknown, how: Call) => ask(method, argument, how)
  return Object.fromEntries(methods.map((method) => [method, call(method)])) as T
}
