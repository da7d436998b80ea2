import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Health } from '@tortie/node'
import type { Log } from '@tortie/runtime'

type Answer = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>

/** The agent's HTTP servers by name, as the configuration wants them. */
export interface Servers extends AsyncDisposable {
  /** Starts, moves or stops one server. A port that is taken is logged: enforcement does not depend on it. */
  put(name: string, enabled: boolean, host: string, port: number, answer: Answer): void
}

export function createServers(log: Log): Servers {
  const running = new Map<string, { readonly address: string; readonly server: Server }>()
  const stop = (name: string): Promise<void> => {
    const server = running.get(name)?.server
    running.delete(name)
    server?.closeAllConnections()
    return new Promise((resolve) => (server ? server.close(() => resolve()) : resolve()))
  }
  return {
    put(name, enabled, host, port, answer) {
      const address = `${host || '*'}:${port}`
      if (enabled && running.get(name)?.address === address) return
      void stop(name)
      if (!enabled) return
      const server = createServer((request, response) => {
        Promise.resolve(answer(request, response)).catch((error: unknown) => response.writeHead(500).end(String(error)))
      })
      server.on('error', (error) => log.error('agent.server.failed', { server: name, address, error }))
      server.listen(port, host === '' ? undefined : host)
      running.set(name, { address, server })
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...running.keys()].map(stop))
    },
  }
}

/** `/liveness` and `/readiness`: 200 or 503, with a line for each part and, where it fails, cause and remedy. */
export function healthAnswer(health: Health): Answer {
  return (request, response) => {
    const question = request.url === '/liveness' ? 'live' : request.url === '/readiness' ? 'ready' : undefined
    if (question === undefined) {
      response.writeHead(404).end('ask /liveness or /readiness\n')
      return
    }
    const summary = health.summary()
    const lines = [...summary.parts].map(([part, report]) => {
      const state = report[question] ? question : `not ${question}`
      return [part, state, report.why, report.remedy].filter((text) => text !== undefined).join('  ')
    })
    response.writeHead(summary[question] ? 200 : 503, { 'content-type': 'text/plain' }).end(`${lines.join('\n')}\n`)
  }
}

export function metricsAnswer(metrics: { readonly text: () => Promise<string>; readonly contentType: string }): Answer {
  return async (request, response) => {
    if (request.url !== '/metrics') response.writeHead(404).end('ask /metrics\n')
    else response.writeHead(200, { 'content-type': metrics.contentType }).end(await metrics.text())
  }
}
