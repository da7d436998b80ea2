import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatastoreError } from '@tortie/datastore'
import { silentLog } from '@tortie/runtime'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createCniDrivers } from '../drivers.ts'
import type { CniDrivers } from '../ports.ts'
import { askAgent, question } from './ask.ts'
import { ownNetns, type Question } from './messages.ts'
import { serveCni } from './serve.ts'

let dir: string
let path: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'tortie-cni-socket-'))
  path = join(dir, 'deep', 'cni.sock')
})
afterEach(() => rmSync(dir, { recursive: true }))
const call = { signal: new AbortController().signal }

const config = JSON.stringify({
  cniVersion: '1.1.0',
  name: 'net',
  datastore_type: 'embedded',
  embedded_path: '/nowhere',
  nodename: 'n1',
  nodename_file: '/nowhere',
  nodename_file_optional: true,
})
const ask = (env: Record<string, string>, more: Partial<Question> = {}): Question => ({
  ...question({ program: 'tortie-cni', args: [], env, readStdin: () => config }, config),
  ...more,
})
const status = { CNI_COMMAND: 'STATUS', CNI_PATH: '/opt/cni/bin' }

/** Real drivers, except that every store is out of reach, in the way that `open` says. */
function drivers(openDatastore: CniDrivers['openDatastore'] = unreachable): CniDrivers {
  const network = { isOwnNetns: () => false, [Symbol.dispose]: () => undefined }
  return {
    ...createCniDrivers({ openDatastore, log: silentLog }),
    openPodNetwork: () => Promise.resolve(network as unknown as Awaited<ReturnType<CniDrivers['openPodNetwork']>>),
  }
}
const pathOf = (choice: Parameters<CniDrivers['openDatastore']>[0]): string =>
  choice.type === 'embedded' ? choice.path : ''
const unreachable: CniDrivers['openDatastore'] = (choice) =>
  Promise.reject(new DatastoreError('Unavailable', { store: pathOf(choice), why: 'it is not there' }))
const serve = (given = drivers()) => serveCni({ path, drivers: given, log: silentLog }, call)

describe('an agent that serves', () => {
  it('answers with what the function says', async () => {
    await using _ = await serve()
    const outcome = await askAgent(path, ask(status), call)
    expect(outcome).toMatchObject({ kind: 'reply', reply: { exitCode: 1, stderr: '' } })
    if (outcome.kind !== 'reply') return
    expect(JSON.parse(outcome.reply.stdout)).toMatchObject({ code: 50, msg: expect.stringContaining('/nowhere') })
  })

  it('takes what is left of an agent that died, and refuses a second one', async () => {
    await using _ = await serve()
    await expect(serve()).rejects.toThrow('another agent listens')
    expect(await askAgent(path, ask(status), call)).toMatchObject({ kind: 'reply' })
  })

  it('replaces a socket file that nobody listens on', async () => {
    const first = await serve()
    await first[Symbol.asyncDispose]()
    writeFileSync(path, '')
    await using _ = await serve()
    expect(await askAgent(path, ask(status), call)).toMatchObject({ kind: 'reply' })
  })

  it('leaves to the plugin a container whose namespace it does not see', async () => {
    await using _ = await serve()
    const outcome = await askAgent(path, ask(status, { sandbox: '1:2' }), call)
    expect(outcome).toEqual({ kind: 'absent', why: expect.stringContaining('does not see') })
  })

  it('does the commands of one container in turn, and those of others at the same time', async () => {
    const running = new Map<string, number>()
    const seen: string[] = []
    const started = Promise.withResolvers<void>()
    const given = drivers(async (choice) => {
      const path = pathOf(choice)
      running.set(path, (running.get(path) ?? 0) + 1)
      seen.push(`${path}:${running.get(path)}`)
      if (running.size === 2) started.resolve()
      await started.promise
      await new Promise(setImmediate)
      running.set(path, (running.get(path) ?? 0) - 1)
      return await unreachable({ type: 'embedded', path }, call)
    })
    await using _ = await serve(given)
    const del = (containerId: string): Question => {
      const env = { CNI_COMMAND: 'DEL', CNI_CONTAINERID: containerId, CNI_IFNAME: 'eth0', CNI_PATH: '/opt/cni/bin' }
      return ask(env, { stdin: config.replace('/nowhere', `/${containerId}`) })
    }
    await Promise.all(['a', 'b', 'a', 'b'].map((id) => askAgent(path, del(id), call)))
    expect(seen.sort()).toEqual(['/a:1', '/a:1', '/b:1', '/b:1'])
  })

  it.each(['ADD', 'DEL'] as const)('%s whose plugin went away', async (command) => {
    const begun = Promise.withResolvers<AbortSignal>()
    const go = Promise.withResolvers<void>()
    const aborted = Promise.withResolvers<boolean>()
    const given = drivers(async (choice, { signal }) => {
      const path = pathOf(choice)
      if (path !== '/held') return await unreachable({ type: 'embedded', path }, call)
      begun.resolve(signal)
      await go.promise
      aborted.resolve(signal.aborted)
      return await unreachable({ type: 'embedded', path }, call)
    })
    await using _ = await serve(given)
    const env = { CNI_COMMAND: command, CNI_CONTAINERID: 'a', CNI_NETNS: '/proc/self/ns/net', CNI_IFNAME: 'eth0' }
    const held = ask({ ...env, CNI_PATH: '/' }, { stdin: config.replace('/nowhere', '/held') })
    const stop = new AbortController()
    const asking = askAgent(path, held, stop)
    await begun.promise
    stop.abort(new Error('killed'))
    await expect(asking).rejects.toThrow('killed')
    await askAgent(path, ask(status), call) // by then the agent knows of the closed connection
    go.resolve()
    expect(await aborted.promise).toBe(command === 'ADD')
  })

  it('removes its socket when it ends', async () => {
    await (await serve())[Symbol.asyncDispose]()
    expect(existsSync(path)).toBe(false)
  })
})

describe('no such agent', () => {
  let server: Server | undefined
  afterEach(() => server?.close())
  const pretend = (behave: (socket: import('node:net').Socket) => void): Promise<void> => {
    path = join(dir, 'fake.sock')
    server = createServer(behave)
    return new Promise((resolve) => server?.listen(path, resolve))
  }
  const greeting = `${JSON.stringify({ tortieCni: 1, netns: ownNetns() })}\n`

  it.each<readonly [string, (socket: import('node:net').Socket) => void, string, string]>([
    ['closes at once', (socket) => socket.end(), 'absent', 'closed'],
    ['says something else', (socket) => socket.write('HTTP/1.1 400\n'), 'absent', 'another protocol'],
    ['is of another version', (socket) => socket.write('{"tortieCni":2}\n'), 'absent', 'another protocol'],
    [
      'is in another namespace',
      (socket) => socket.write('{"tortieCni":1,"netns":"net:[1]"}\n'),
      'absent',
      'network namespace',
    ],
    ['says nothing', () => undefined, 'absent', 'does not greet'],
    [
      'dies at work',
      (socket) => {
        socket.write(greeting)
        socket.once('data', () => socket.destroy())
      },
      'lost',
      'closed',
    ],
  ])('one that %s', async (_, behave, kind, why) => {
    await pretend(behave)
    expect(await askAgent(path, ask(status), call)).toEqual({ kind, why: expect.stringContaining(why) })
  })

  it('none at all', async () => {
    expect(await askAgent(path, ask(status), call)).toEqual({ kind: 'absent', why: expect.stringContaining('ENOENT') })
  })
})
