import { connect, type Socket } from 'node:net'
import type { Call } from '@tortie/runtime'
import type { CniReply } from '../ports.ts'
import { type Answer, type Greeting, lineReader, ownNetns, protocolVersion, type Question } from './messages.ts'

export { question } from './messages.ts'

export type AskOutcome =
  | { readonly kind: 'reply'; readonly reply: CniReply }
  /** Nothing was asked: do the work here. */
  | { readonly kind: 'absent'; readonly why: string }
  /** The agent went away while it worked. */
  | { readonly kind: 'lost'; readonly why: string }

/** How long a living agent may take to greet. */
const greetingMs = 5_000

/** Asks the agent on this host to execute a command. Throws only `signal.reason`, on abort. */
export async function askAgent(path: string, question: Question, { signal }: Call): Promise<AskOutcome> {
  signal.throwIfAborted()
  const socket = connect(path)
  try {
    const outcome = await converse(socket, question, signal)
    signal.throwIfAborted()
    return outcome
  } finally {
    socket.destroy()
  }
}

function converse(socket: Socket, question: Question, signal: AbortSignal): Promise<AskOutcome> {
  return new Promise((resolve) => {
    let asked = false
    const read = lineReader()
    const giveUp = (why: string): void => resolve({ kind: asked ? 'lost' : 'absent', why })
    const timer = setTimeout(giveUp, greetingMs, 'it does not greet')
    signal.addEventListener('abort', () => giveUp('aborted'), { once: true })
    socket.setEncoding('utf8')
    socket.on('error', (error) => giveUp(error.message))
    socket.on('close', () => giveUp('it closed the connection'))
    socket.on('data', (chunk: string) => {
      for (const line of read(chunk)) {
        if (asked) resolve(outcomeOf(line))
        else {
          clearTimeout(timer)
          const mismatch = complainAboutGreeting(line)
          if (mismatch !== undefined) return giveUp(mismatch)
          asked = true
          socket.write(`${JSON.stringify(question)}\n`)
        }
      }
    })
    const done = (): void => clearTimeout(timer)
    socket.on('close', done)
  })
}

function outcomeOf(line: string): AskOutcome {
  const answer = JSON.parse(line) as Answer
  return 'refused' in answer ? { kind: 'absent', why: answer.refused } : { kind: 'reply', reply: answer }
}

function complainAboutGreeting(line: string): string | undefined {
  const greeting = parseGreeting(line)
  if (greeting?.tortieCni !== protocolVersion) return 'it speaks another protocol'
  return greeting.netns === ownNetns() ? undefined : 'it runs in another network namespace'
}

function parseGreeting(line: string): Partial<Greeting> | undefined {
  try {
    return JSON.parse(line) as Partial<Greeting>
  } catch {
    return undefined
  }
}
