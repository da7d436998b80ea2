import { chmod, mkdir, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { dirname } from 'node:path'
import { answerBgp, type BgpControl } from '@tortie/node'

/** Answers questions about BGP on a Unix socket that only root may use; one that an earlier agent left is replaced. */
export async function serveBgpSocket(path: string, control: BgpControl): Promise<AsyncDisposable> {
  await mkdir(dirname(path), { recursive: true })
  await rm(path, { force: true })
  const server = createServer((request, response) => {
    const gone = new AbortController()
    response.on('close', () => gone.abort(new Error('nobody waits for the answer')))
    void answerBgp(control, request.method ?? '', request.url ?? '/', { signal: gone.signal }).then(
      ({ status, body }) => {
        response.writeHead(status, { 'content-type': 'application/json' }).end(`${JSON.stringify(body)}\n`)
      },
    )
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, resolve)
  })
  await chmod(path, 0o600)
  return {
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}
