import { type IncomingMessage, request } from 'node:http'
import { askBgp, type BgpControl, type BgpFailure, bgpSocket } from '@tortie/node'
import type { Call } from '@tortie/runtime'
import { CtlError } from './errors.ts'
import type { Shell } from './shell.ts'

/** The BGP of the agent on this host, asked over the socket that `TORTIE_BGP_SOCKET` names. Every call throws CtlError. */
export function agentBgp({ environment }: Shell): BgpControl {
  const socketPath = socketOf(environment)
  return askBgp(async (method, path, { signal }: Call) => {
    const { status, text } = await readText(await exchange({ socketPath, method, path, signal }), signal)
    if (status === 200) return JSON.parse(text) as unknown
    throw new CtlError((JSON.parse(text) as BgpFailure).error)
  })
}

/** What that BGP holds, as MRT. Throws CtlError, also when the answer is cut. */
export async function* dumpBgp({ environment }: Shell, { signal }: Call): AsyncGenerator<Uint8Array> {
  const answer = await exchange({ socketPath: socketOf(environment), method: 'GET', path: '/dump', signal })
  if (answer.statusCode !== 200)
    throw new CtlError((JSON.parse((await readText(answer, signal)).text) as BgpFailure).error)
  try {
    for await (const chunk of answer) yield chunk as Buffer
  } catch (cause) {
    signal.throwIfAborted()
    throw new CtlError('the agent ended in the middle of its answer: what was written is not whole', { cause })
  }
}

const socketOf = (environment: Shell['environment']): string => environment.TORTIE_BGP_SOCKET || bgpSocket

interface Asking {
  readonly socketPath: string
  readonly method: string
  readonly path: string
  readonly signal: AbortSignal
}

function exchange(asking: Asking): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const asked = request({ ...asking, agent: false }, resolve)
    asked.on('error', (cause) => reject(asking.signal.aborted ? asking.signal.reason : unreachable(asking, cause)))
    asked.end()
  })
}

async function readText(
  answer: IncomingMessage,
  signal: AbortSignal,
): Promise<{ readonly status: number; readonly text: string }> {
  let text = ''
  try {
    for await (const chunk of answer.setEncoding('utf8')) text += chunk as string
  } catch (cause) {
    signal.throwIfAborted()
    throw new CtlError('the agent ended in the middle of its answer: ask again', { cause })
  }
  return { status: answer.statusCode ?? 0, text }
}

const remedies: Readonly<Record<string, string>> = {
  ENOENT:
    'no agent runs BGP on this host: start tortie-agent with CALICO_NETWORKING_BACKEND=bird, or set TORTIE_BGP_SOCKET',
  ECONNREFUSED: 'the agent that made it has ended: start tortie-agent again',
  EACCES: 'only root may ask: use sudo',
}

function unreachable({ socketPath }: Asking, cause: Error): CtlError {
  const { code = '' } = cause as NodeJS.ErrnoException
  return new CtlError(`cannot ask the agent at ${socketPath}: ${remedies[code] ?? cause.message}`, { cause })
}
