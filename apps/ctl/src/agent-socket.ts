import { request } from 'node:http'
import { askBgp, type BgpControl, type BgpFailure, bgpSocket } from '@tortie/node'
import type { Call } from '@tortie/runtime'
import { CtlError } from './errors.ts'
import type { Shell } from './shell.ts'

/** The BGP of the agent on this host, asked over the socket that `TORTIE_BGP_SOCKET` names. Every call throws CtlError. */
export function agentBgp({ environment }: Shell): BgpControl {
  const socketPath = environment.TORTIE_BGP_SOCKET || bgpSocket
  return askBgp(async (method, path, { signal }: Call) => {
    const { status, text } = await exchange({ socketPath, method, path, signal })
    if (status === 200) return JSON.parse(text) as unknown
    throw new CtlError((JSON.parse(text) as BgpFailure).error)
  })
}

interface Asking {
  readonly socketPath: string
  readonly method: string
  readonly path: string
  readonly signal: AbortSignal
}

function exchange(asking: Asking): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const fail = (cause: Error): void =>
      reject(asking.signal.aborted ? asking.signal.reason : unreachable(asking, cause))
    const asked = request({ ...asking, agent: false }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        text += chunk
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }))
      response.on('error', fail)
    })
    asked.on('error', fail)
    asked.end()
  })
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
