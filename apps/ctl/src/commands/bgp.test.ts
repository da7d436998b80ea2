import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { answerBgp, type BgpControl, type BgpPeerStatus, type BgpRoute } from '@tortie/node'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { runProgram } from '../program.ts'
import { hostIn } from '../testing/host.ts'

const call = { signal: new AbortController().signal }
const peer: BgpPeerStatus = {
  name: 'Global_192_0_2_1',
  peerIP: '192.0.2.1',
  asNumber: 64_700,
  type: 'GlobalPeer',
  state: 'up',
  bgpState: 'Established',
  since: '2026-01-02T03:04:05Z',
  flaps: 0,
  routes: { received: 3, accepted: 2, sent: 1 },
}
const route: BgpRoute = {
  family: 4,
  prefix: '10.65.1.0/26',
  status: 'best',
  source: 'BGPPeer',
  peer: 'Global_192_0_2_1',
  nextHop: '192.0.2.1',
  gateway: '192.0.2.1',
  interface: 'eth0',
  localPref: 100,
  asPath: '64700 64514',
  communities: ['64700:7'],
  stale: false,
}
const lost: BgpRoute = { ...route, status: 'lost', because: 'another path wins by as-path-length', stale: true }

type Problems = Awaited<ReturnType<BgpControl['problems']>>
const contradiction: Problems[number] = {
  code: 'contradictory-peers',
  objects: ['BGPPeer(rack-1)', 'BGPPeer(rack-2)'],
  why: 'both want a session with 192.0.2.1',
}

let problems: Problems
let dumpIsCut: boolean
let dir: string
let orders: unknown[]
let close: () => Promise<void>

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'tortie-ctl-bgp-'))
  orders = []
  problems = []
  dumpIsCut = false
  const order = async (what: unknown): Promise<void> => void orders.push(what)
  const control: BgpControl = {
    status: async () => ({
      families: [{ family: 4, routerId: '192.0.2.9', state: 'Ready', bootTime: '2026-01-02T03:04:00Z', peers: [peer] }],
      loopLagMs: 0,
    }),
    problems: async () => problems,
    routes: async ({ family }) => (family === 4 ? [route, lost] : []),
    explain: async ({ prefix }) => ({
      prefix,
      learned: prefix === route.prefix ? [route] : [],
      exported: [{ peer: peer.name, prefix, sent: false, because: 'it came from there' }],
    }),
    refresh: order,
    reset: async ({ peer: name }) => {
      if (name !== peer.name) throw new Error(`there is no peer ${name}`)
    },
    drain: order,
    undrain: () => order('undrain'),
  }
  const server = createServer((request, response) => {
    if (request.url === '/dump') {
      response.write(Buffer.of(0, 255))
      if (dumpIsCut) setImmediate(() => response.destroy())
      else response.end(Buffer.of(254))
      return
    }
    void answerBgp(control, request.method ?? '', request.url ?? '', call).then(({ status, body }) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body)),
    )
  })
  await new Promise<void>((done) => server.listen(join(dir, 'bgp.sock'), done))
  close = () => new Promise((done) => server.close(() => done()))
})
afterEach(async () => {
  await close()
  rmSync(dir, { recursive: true })
})

async function run(...tokens: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const out = { stdout: '', stderr: '' }
  const code = await runProgram(
    tokens,
    {
      name: 'tortiectl',
      environment: { TORTIE_BGP_SOCKET: join(dir, 'bgp.sock') },
      host: hostIn(dir),
      stdin: async () => '',
      stdout: (text) => {
        out.stdout += text
      },
      stdoutBytes: async (bytes) => {
        out.stdout += Buffer.from(bytes).toString('latin1')
      },
      stderr: (text) => {
        out.stderr += text
      },
    },
    call,
  )
  return { code, ...out }
}

it('lists peers', async () => {
  const { stdout, code } = await run('bgp', 'peers')
  expect(code).toBe(0)
  expect(stdout.split('\n')[1]?.split(/ {2,}/)).toEqual([
    ...['Global_192_0_2_1', '192.0.2.1', '64700', 'GlobalPeer', 'Established', '2026-01-02T03:04:05Z', '3', '2', '1'],
    '',
  ])
  expect(JSON.parse((await run('bgp', 'peers', '-o', 'json')).stdout)).toEqual([peer])
})

it('names all objects of a problem', async () => {
  expect((await run('bgp', 'problems')).stdout).toBe('No problems.\n')
  problems = [contradiction]
  expect((await run('bgp', 'problems')).stdout.split('\n')[1]?.split(/ {2,}/)).toEqual([
    'contradictory-peers',
    'BGPPeer(rack-1), BGPPeer(rack-2)',
    'both want a session with 192.0.2.1',
    '',
  ])
  expect(JSON.parse((await run('bgp', 'problems', '-o', 'json')).stdout)).toEqual(problems)
})

it('lists routes, and with --all those that lost', async () => {
  const used = await run('bgp', 'routes')
  expect(used.stdout).toContain(
    '10.65.1.0/26   192.0.2.1   eth0        Global_192_0_2_1   100          64700 64514   best',
  )
  expect(used.stdout).not.toContain('lost')
  const all = await run('bgp', 'routes', '10.65.1.0/26', '--all')
  expect(all.stdout).toContain('lost: another path wins by as-path-length (its peer is away and expected back)')
  expect((await run('bgp', 'routes', 'fd00::/64')).stdout).toBe('No route to exactly fd00::/64.\n')
})

it('explains a prefix, and fails for one that nobody knows', async () => {
  const known = await run('bgp', 'explain', '10.65.1.0/26')
  expect(known).toMatchObject({ code: 0, stderr: '' })
  expect(known.stdout).toBe(`10.65.1.0/26
  learned: from Global_192_0_2_1 via 192.0.2.1: best
           local preference 100, AS path 64700 64514, communities 64700:7
  to Global_192_0_2_1: not sent: it came from there
`)
  const unknown = await run('bgp', 'explain', '10.99.0.0/26')
  expect(unknown.code).toBe(1)
  expect(unknown.stdout).toContain('learned: from nobody')
})

it('dumps the tables as octets, not onto a terminal, and says so when it is cut', async () => {
  expect(await run('bgp', 'dump')).toEqual({ code: 0, stdout: '\x00\xff\xfe', stderr: '' })
  dumpIsCut = true
  expect(await run('bgp', 'dump')).toMatchObject({ code: 1, stderr: expect.stringContaining('not whole') })
  writeFileSync(join(dir, 'terminal'), '')
  expect(await run('bgp', 'dump')).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringContaining('> table.mrt'),
  })
})

it('gives orders', async () => {
  expect((await run('bgp', 'drain', '--wait')).stdout).toBe('Every peer has been asked to use other ways.\n')
  await run('bgp', 'undrain')
  await run('bgp', 'refresh', 'Global_192_0_2_1', '--direction', 'out')
  expect(orders).toEqual([{ wait: 'yes' }, 'undrain', { peer: 'Global_192_0_2_1', direction: 'out' }])
})

it('says what is wrong', async () => {
  expect(await run('bgp', 'reset', 'nobody')).toEqual({ code: 1, stdout: '', stderr: 'there is no peer nobody\n' })
  expect((await run('bgp', 'explain', 'ten')).stderr).toBe('prefix has to be a prefix, as 10.65.0.0/26\n')
  expect((await run('bgp', 'refresh', 'a', '--direction', 'up')).stderr).toContain('give in')
  await close()
  close = async () => undefined
  expect((await run('bgp', 'peers')).stderr).toContain(
    `cannot ask the agent at ${join(dir, 'bgp.sock')}: no agent runs BGP on this host`,
  )
})
