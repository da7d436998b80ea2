import { once } from 'node:events'
import { constants, createServer, type Http2Server, type ServerHttp2Stream } from 'node:http2'
import { systemClock } from '@tortie/runtime/system'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { Connection } from './connection.ts'
import { Deadlines } from './deadlines.ts'
import { frame } from './frames.ts'
import { RpcError } from './rpc-error.ts'

const call = { signal: new AbortController().signal }
const hello = Buffer.from('hello')

let server: Http2Server
let connection: Connection
let deadlines: Deadlines
let answer: (stream: ServerHttp2Stream, requests: number) => void
const open = async (): Promise<Connection> =>
  Connection.open(
    `http://127.0.0.1:${(server.address() as { port: number }).port}`,
    {
      clock: systemClock,
      deadlines,
      dialTimeoutMs: 1_000,
      keepaliveMs: 50,
      keepaliveTimeoutMs: 100,
      windowBytes: 65_535,
      tls: {},
    },
    call,
  )

beforeEach(async () => {
  let requests = 0
  server = createServer()
  server.on('stream', (stream: ServerHttp2Stream) => {
    stream.on('error', () => undefined)
    answer(stream, ++requests)
  })
  server.on('session', (session) => session.on('error', () => undefined))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  deadlines = new Deadlines(systemClock, 300)
  connection = await open()
})
afterEach(() => {
  connection.destroy(new Error('the test is over'))
  deadlines[Symbol.dispose]()
  server.close()
})

/** Answers with a message and trailers. */
function grpc(stream: ServerHttp2Stream, message: Buffer, status = '0', text = ''): void {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': status, 'grpc-message': text }))
  stream.end(frame(message))
}

async function failure(of: Promise<unknown>): Promise<RpcError> {
  const error: unknown = await of.then(
    () => undefined,
    (cause: unknown) => cause,
  )
  if (!(error instanceof RpcError)) throw new Error(`it did not fail so: ${error}`)
  return error
}

it('a call has a message there and one back, and says how long it waits', async () => {
  let asked: unknown
  answer = (stream) => {
    stream.on('data', (chunk: Buffer) => grpc(stream, chunk.subarray(5)))
  }
  server.on('stream', (_stream, headers) => {
    asked = [headers[':path'], headers.token, headers['grpc-timeout']]
  })
  expect(await connection.unary('/x', hello, { token: 't' }, call)).toEqual(hello)
  expect(asked).toEqual(['/x', 't', '300m'])
})

it.each<[string, (stream: ServerHttp2Stream) => void, number, RegExp]>([
  ['a status in trailers', (stream) => grpc(stream, hello, '14', 'no%20leader'), 14, /^no leader$/],
  [
    'a status in headers',
    (stream) => stream.respond({ ':status': 200, 'grpc-status': '7', 'grpc-message': 'denied' }, { endStream: true }),
    7,
    /denied/,
  ],
  ['an HTTP status', (stream) => stream.respond({ ':status': 404 }, { endStream: true }), 14, /HTTP status 404/],
  [
    'an answer without a message',
    (stream) => stream.respond({ ':status': 200, 'grpc-status': '0' }, { endStream: true }),
    13,
    /empty answer/,
  ],
  [
    'garbage',
    (stream) => {
      stream.respond({ ':status': 200 })
      stream.end('<html>')
    },
    13,
    /not uncompressed gRPC/,
  ],
  [
    'no status',
    (stream) => {
      stream.respond({ ':status': 200 })
      stream.end(frame(hello))
    },
    14,
    /./,
  ],
  ['a reset', (stream) => stream.close(constants.NGHTTP2_INTERNAL_ERROR), 14, /./],
])('%s is a failure', async (_what, how, status, why) => {
  answer = how
  const error = await failure(connection.unary('/x', hello, {}, call))
  expect([error.status, error.sent]).toEqual([status, true])
  expect(error.message).toMatch(why)
})

it('a call that was refused before it was read was not sent', async () => {
  answer = (stream) => stream.close(constants.NGHTTP2_REFUSED_STREAM)
  expect((await failure(connection.unary('/x', hello, {}, call))).sent).toBe(false)
})

it('a call that nobody answers ends in time, and the connection lives on as long as pings come back', async () => {
  answer = (stream, requests) => requests > 1 && grpc(stream, hello)
  const error = await failure(connection.unary('/x', hello, {}, call))
  expect([error.status, error.message]).toEqual([4, 'no answer within 300 ms'])
  expect(await connection.unary('/x', hello, {}, call)).toEqual(hello)
})

it('an abort ends a call and a stream at once, with its reason', async () => {
  answer = () => undefined
  const controller = new AbortController()
  const attempts = [
    connection.unary('/x', hello, {}, controller),
    connection.stream('/x', hello, {}, controller).next(),
  ]
  const outcomes = Promise.allSettled(attempts)
  controller.abort('shutdown')
  for (const outcome of await outcomes) expect(outcome).toEqual({ status: 'rejected', reason: 'shutdown' })
})

it('a server that goes away lets calls finish, and takes no more', async () => {
  answer = (stream) => {
    stream.session?.goaway()
    stream.session?.ping(() => grpc(stream, hello))
  }
  expect(await connection.unary('/x', hello, {}, call)).toEqual(hello)
  await connection.lost
  expect(connection.usable).toBe(false)
  expect((await failure(connection.unary('/x', hello, {}, call))).sent).toBe(false)
})

it('a stream is pulled: what is not read waits with the server', async () => {
  let written = 0
  const piece = frame(Buffer.alloc(10_000))
  answer = (stream) => {
    stream.respond({ ':status': 200 })
    const more = (): void => {
      while (!stream.destroyed && stream.write(piece)) written++
    }
    stream.on('drain', more)
    more()
  }
  const messages = connection.stream('/x', hello, {}, call)
  await messages.next()
  answer = (stream) => grpc(stream, hello)
  for (let i = 0; i < 50; i++) await connection.unary('/x', hello, {}, call)
  expect(written * piece.length).toBeLessThan(500_000)
  for (let i = 0; i < 200; i++) expect((await messages.next()).value).toHaveLength(10_000)
  await messages.return?.(undefined as never)
})
