import { chmod, mkdir, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { dirname } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { answerBgp, type BgpControl, type BgpStream, type BgpTables, streamBgp } from '@tortie/node'

/** Answers questions about BGP on a Unix socket that only root may use; one that an earlier agent left is replaced. */
export async function serveBgpSocket(path: string, bgp: BgpControl & BgpTables): Promise<AsyncDisposable> {
  await mkdir(dirname(path), { recursive: true })
  await rm(path, { force: true })
  const server = createServer((request, response) => void serve(bgp, request, response))
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

/** Whatever is asked, and whatever fails: the thread and its sessions go on. */
async function serve(
  bgp: BgpControl & BgpTables,
  { method = '', url = '/' }: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const gone = new AbortController()
  response.on('close', () => gone.abort(new Error('nobody waits for the answer')))
  try {
    const stream = streamBgp(bgp, method, url, gone)
    if (stream) return await send(stream, response)
    const { status, body } = await answerBgp(bgp, method, url, gone)
    sendJson(status, body, response)
  } catch (error) {
    // An answer that has begun is cut, so that nobody takes the half for the whole.
    if (response.headersSent) response.destroy()
    else sendJson(500, { error: error instanceof Error ? error.message : String(error) }, response)
  }
}

function sendJson(status: number, body: unknown, response: ServerResponse): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(`${JSON.stringify(body)}\n`)
}

/** As fast as it is read. The status waits for the first chunk, which is where questions fail. */
async function send({ contentType, chunks }: BgpStream, response: ServerResponse): Promise<void> {
  const source = chunks[Symbol.asyncIterator]()
  const first = await source.next()
  response.writeHead(200, { 'content-type': contentType })
  async function* all(): AsyncGenerator<string | Uint8Array> {
    for (let next = first; !next.done; next = await source.next()) yield next.value
  }
  await pipeline(Readable.from(all()), response)
}
