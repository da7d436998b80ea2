import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { isDatastoreError, prefixRange } from '@tortie/datastore'
import { systemClock, systemRandom } from '@tortie/runtime/system'
import { recordingLog } from '@tortie/runtime/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { EtcdClient } from './client.ts'
import { createEtcdStore, type EtcdStore, openEtcdStore } from './index.ts'
import { enableAuth } from './testing/auth.ts'
import { type EtcdServer, makeCertificates, startEtcd } from './testing/etcd-server.ts'

const log = recordingLog()
const ports = { clock: systemClock, random: systemRandom, log }
const call = { signal: new AbortController().signal }
const calico = prefixRange('/calico/')

/** Everything that an error says, to whoever prints it. */
const everythingOf = (error: unknown): string => inspect(error, { depth: 10, showHidden: true })

async function refusal(opening: Promise<EtcdStore>): Promise<{ code: unknown; message: string; all: string }> {
  const error: unknown = await opening.then(
    (store) => store[Symbol.asyncDispose](),
    (cause: unknown) => cause,
  )
  if (!(error instanceof Error)) throw new Error('it was let in')
  return { code: (error as Error & { code?: string }).code, message: error.message, all: everythingOf(error) }
}

describe('users and passwords', () => {
  const [rootPassword, password] = ['sesame-root', 'sesame-calico']
  let server: EtcdServer
  beforeAll(async () => {
    server = await startEtcd()
    const client = new EtcdClient({ endpoints: [server.endpoint], ...ports })
    await enableAuth(client, rootPassword, password, call)
    client.close()
  })
  afterAll(() => server[Symbol.asyncDispose]())
  const open = (username?: string, secret?: string): Promise<EtcdStore> =>
    openEtcdStore(
      { endpoints: [server.endpoint], ...ports, ...(username && { username }), ...(secret && { password: secret }) },
      call,
    )

  it('let in who has them, to what the role allows', async () => {
    await using store = await open('calico', password)
    const { revision } = await store.list(calico, call)
    const watch = store.watch(calico, revision, call)[Symbol.asyncIterator]()
    await watch.next() // at once, with nothing
    await store.put('/calico/a', '1', {}, call)
    expect((await watch.next()).value).toMatchObject({ events: [{ key: '/calico/a' }] })
    await watch.return?.()
    const everything = { from: '/', to: '0' }
    for (const attempt of [
      () => store.put('/b', '1', {}, call),
      () => store.list(everything, call),
      () => store.watch(everything, revision, call)[Symbol.asyncIterator]().next(),
    ])
      await expect(attempt()).rejects.toThrow(/refused access: .*grant the user a role that may read and write/)
  })

  it.each([
    ['a wrong password', 'calico', 'guess-1', /check username and password/],
    ['an unknown user', 'stranger', 'guess-1', /check username and password/],
    ['no user', undefined, undefined, /give the username and password/],
    ['a password alone', undefined, 'guess-1', /give the username and password/],
    ['a user without a role', 'nobody', password, /grant the user a role/],
  ])('refuse %s, and say what to do', async (_what, username, secret, cure) => {
    const { code, message, all } = await refusal(open(username, secret))
    expect(code).toBe('Unauthorized')
    expect(message).toMatch(cure)
    expect(message).toContain(server.endpoint)
    for (const word of ['guess-1', password]) expect(all).not.toContain(word)
  })

  it('are asked for again, unseen, when the server forgot its tokens', async () => {
    await using store = await open('calico', password)
    await store.put('/calico/b', '1', {}, call)
    const { revision } = await store.list(calico, call)
    await server.kill()
    await server.start()
    expect(await store.get('/calico/b', call)).toMatchObject({ value: '1' })
    await server.kill()
    await server.start()
    const watch = store.watch(calico, revision, call)[Symbol.asyncIterator]()
    expect((await watch.next()).value.events).toEqual([])
    const next = watch.next()
    await store.put('/calico/b', '2', {}, call)
    expect((await next).value).toMatchObject({ events: [{ value: '2' }] })
    await watch.return?.()
  })

  it('that a server does not ask for do no harm', async () => {
    await using open = await startEtcd()
    await using store = await openEtcdStore(
      { endpoints: [open.endpoint], ...ports, username: 'calico', password },
      call,
    )
    await store.put('/calico/a', '1', {}, call)
  })

  it('are in no log', () => {
    const text = JSON.stringify(log.lines)
    expect(log.lines.length).toBeGreaterThan(5)
    for (const word of ['sesame', 'guess']) expect(text).not.toContain(word)
  })
})

describe('TLS', () => {
  let directory: string
  let server: EtcdServer
  let files: ReturnType<typeof makeCertificates>
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'tortie-tls-'))
    files = makeCertificates(directory)
    const { ca, server: own } = files
    const tls = [`--cert-file=${own.cert}`, `--key-file=${own.key}`, `--trusted-ca-file=${ca.cert}`]
    server = await startEtcd({ scheme: 'https', args: [...tls, '--client-cert-auth'] })
  })
  afterAll(async () => {
    await server[Symbol.asyncDispose]()
    rmSync(directory, { recursive: true })
  })
  const patient = { ...ports, requestTimeoutMs: 3_000 }

  it('lets in who has a certificate, calls and watches', async () => {
    const { ca, client } = files
    const tls = { caFile: ca.cert, certFile: client.cert, keyFile: client.key }
    await using store = await openEtcdStore({ endpoints: [server.endpoint], tls, ...patient }, call)
    const { revision } = await store.list(calico, call)
    await store.put('/calico/a', '1', {}, call)
    const watch = store.watch(calico, revision, call)[Symbol.asyncIterator]()
    await watch.next() // at once, with nothing
    expect((await watch.next()).value).toMatchObject({ events: [{ value: '1' }] })
    await watch.return?.()
  })

  it.each([
    ['no certificate', () => ({ caFile: files.ca.cert }), 'Unauthorized', /give the certificate and key of a client/],
    [
      'no authority',
      () => ({ certFile: files.client.cert, keyFile: files.client.key }),
      'Unavailable',
      /certificate authority/,
    ],
    [
      'a file that is not there',
      () => ({ caFile: join(directory, 'none') }),
      'etcd/bad-options',
      /none .*check the path/,
    ],
  ])('%s: says what is missing', async (_what, tls, expected, cure) => {
    const { code, message } = await refusal(
      openEtcdStore({ endpoints: [server.endpoint], tls: tls(), ...patient }, call),
    )
    expect([code, message]).toEqual([expected, expect.stringMatching(cure)])
  })

  it('a certificate for another name, and http where https is spoken, are told apart', async () => {
    const { ca, client } = files
    const tls = { caFile: ca.cert, certFile: client.cert, keyFile: client.key }
    const named = server.endpoint.replace('127.0.0.1', 'localhost')
    expect((await refusal(openEtcdStore({ endpoints: [named], tls, ...patient }, call))).message).toMatch(/host name/)
    const plain = server.endpoint.replace('https', 'http')
    const { code, message } = await refusal(openEtcdStore({ endpoints: [plain], ...patient }, call))
    expect([code, message]).toEqual(['Unavailable', expect.stringMatching(/client port, and http:\/\/ or https:\/\//)])
  })
})

describe('options that cannot be meant', () => {
  it.each([
    ['no endpoint', {}, /there is no etcd endpoint; give endpoints, such as/],
    ['endpoints and discovery', { endpoints: ['http://a:1'], discoverySrv: 'b' }, /give one of them/],
    ['no scheme', { endpoints: ['10.0.0.1:2379'] }, /http:\/\/ or https:\/\//],
    ['credentials in it', { endpoints: ['http://me:sesame@a:1'] }, /the etcd endpoint a:1 has credentials/],
    [
      'files and text',
      { endpoints: ['https://a:1'], tls: { ca: 'x', caFile: 'y' } },
      /both as files \(tls.caFile\) and as text \(tls.ca\)/,
    ],
    ['half a pair', { endpoints: ['https://a:1'], tls: { cert: 'x' } }, /tls.cert is given without its key/],
    ['no time', { endpoints: ['http://a:1'], requestTimeoutMs: 0 }, /requestTimeoutMs is 0/],
  ])('%s', async (_what, options, why) => {
    const { code, message, all } = await refusal(openEtcdStore({ ...options, ...ports }, call))
    expect([code, message]).toEqual(['etcd/bad-options', expect.stringMatching(why)])
    expect(all).not.toContain('sesame')
  })

  it('an endpoint that is not etcd', async () => {
    const { createServer } = await import('node:http')
    const other = createServer((_request, response) => response.end('hello')).listen(0, '127.0.0.1')
    await new Promise((resolve) => other.once('listening', resolve))
    const endpoint = `http://127.0.0.1:${(other.address() as { port: number }).port}`
    const { code, message } = await refusal(
      openEtcdStore({ endpoints: [endpoint], ...ports, requestTimeoutMs: 2_000 }, call),
    )
    expect([code, message]).toEqual(['Unavailable', expect.stringMatching(/client port/)])
    other.close()
  })

  it('SRV records name endpoints, those with TLS first', async () => {
    await using server = await startEtcd()
    const asked: string[] = []
    const resolveSrv = async (name: string) => {
      asked.push(name)
      if (name.includes('ssl')) throw new Error('ENOTFOUND')
      return [{ name: '127.0.0.1', port: server.port, priority: 1, weight: 1 }]
    }
    await using store = await openEtcdStore({ discoverySrv: 'example.test', resolveSrv, ...ports }, call)
    expect(await store.status(call)).toMatchObject({ hasLeader: true })
    expect(asked).toEqual(['_etcd-client-ssl._tcp.example.test', '_etcd-client._tcp.example.test'])
  })
})

it('what went wrong is a DatastoreError that may pass', async () => {
  const error: unknown = await openEtcdStore({ endpoints: ['http://127.0.0.1:1'], ...ports }, call).catch(
    (e: unknown) => e,
  )
  expect(isDatastoreError(error, 'Unavailable') && error.retryable).toBe(true)
  expect(String(error)).toMatch(/127.0.0.1:1.*ECONNREFUSED.*check that etcd runs there/)
})

it('the log has once what stays as it is', async () => {
  const own = recordingLog()
  await using store = createEtcdStore({ endpoints: ['http://127.0.0.1:1'], ...ports, log: own })
  for (let i = 0; i < 3; i++) await expect(store.get('/calico/a', call)).rejects.toThrow('ECONNREFUSED')
  expect(own.lines.filter(({ level }) => level === 'warn')).toHaveLength(1)
})
