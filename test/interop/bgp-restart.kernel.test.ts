import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { PeerConfig, SpeakerConfig, SpeakerEvent, SpeakerOptions } from '@tortie/bgp'
import { describe, it } from 'vitest'
import { type Description, daemons, type RoutingDaemon } from './bgp-daemons.ts'
import { type Cell, createCell, ours, peer, route, theirs } from './bgp-lab.ts'
import { eventually } from './daemons/process.ts'
import { type RunningSpeaker, startSpeaker } from './speaker.ts'

/** Spec 05 C6, rows 8 and 9: kill -9 of either side. */
const names = ['BIRD', 'FRR', 'GoBGP'] as const
type Name = (typeof names)[number]
const networks = ['192.0.2.0/24', '198.51.100.0/24']
const restartTime = 4

const ourPeer = (given: Partial<PeerConfig> = {}): PeerConfig =>
  peer({
    key: 'dut',
    address: theirs(1),
    localAddress: ours(1),
    gracefulRestart: { enabled: true, time: 20, notification: false },
    ...given,
  })

function describeDaemon(given: Partial<Description> = {}, gracefulRestart: number | undefined = 20): Description {
  const neighbor = { ours: ours(1), theirs: theirs(1), ourAs: 64512 }
  const neighbors = [{ ...neighbor, ...(gracefulRestart !== undefined && { gracefulRestart }) }]
  return { as: 64513, routerId: '10.0.0.2', neighbors, networks, ...given }
}

/** What a daemon has to be told to keep its forwarding over a restart. */
const preserving: Readonly<Record<Name, Partial<Description>>> = {
  BIRD: {},
  FRR: { more: 'bgp graceful-restart preserve-fw-state' },
  GoBGP: {},
}

function start(name: Name, cell: Cell, what: Description, life: number): Promise<RoutingDaemon> {
  return daemons[name](cell.there, what, `${cell.dir}/${life}`, cell.signal)
}

interface World {
  readonly cell: Cell
  readonly speaker: RunningSpeaker
  readonly daemon: RoutingDaemon
}

/** Our speaker helps a daemon whose routes are there. */
async function helped(name: Name, cell: Cell, what: Description): Promise<World> {
  const daemon = await start(name, cell, what, 1)
  const speaker = startSpeaker(cell.here, { routerId: '10.0.0.1', peers: [ourPeer()] }, cell)
  await speaker.until('its routes are here', () => speaker.best().length === 2)
  return { cell, speaker, daemon }
}

async function crash({ daemon, speaker }: World): Promise<void> {
  await daemon.kill()
  await speaker.until('it is gone', () => speaker.peer('dut').state !== 'Established')
}

const withdrawn = (events: readonly SpeakerEvent[], prefix: string): boolean =>
  events.some((event) => event.kind === 'best' && event.routes.some((r) => r.prefix === prefix && r.paths.length === 0))

describe.concurrent.each(names)('we help %s', (name) => {
  it('killed and started again: routes stay all the time, and what is not sent again goes', async ({ expect }) => {
    await using cell = createCell()
    const world = await helped(name, cell, describeDaemon(preserving[name]))
    const { speaker } = world
    await crash(world)
    expect(speaker.peer('dut').restarting).toBe(true)
    expect(speaker.best()).toEqual(networks)
    // GoBGP is given its routes when it runs already: not before it has them may it meet us.
    const late = name === 'GoBGP'
    if (late) cell.there.ip('link set eth0 down')
    await start(name, cell, describeDaemon({ ...preserving[name], networks: networks.slice(0, 1), graceful: true }), 2)
    if (late) cell.there.ip('link set eth0 up')
    await speaker.established('dut')
    await speaker.until('what was not sent again is gone', () => speaker.best().length === 1)
    expect(withdrawn(speaker.events, '192.0.2.0/24')).toBe(false)
  })

  it('killed and started without graceful restart: its routes are forgotten when it is back', async ({ expect }) => {
    await using cell = createCell()
    const world = await helped(name, cell, describeDaemon(preserving[name]))
    const { speaker } = world
    await crash(world)
    expect(speaker.best()).toEqual(networks)
    const bare = {
      ...describeDaemon({ networks: [] }),
      neighbors: [{ ours: ours(1), theirs: theirs(1), ourAs: 64512 }],
    }
    await start(name, cell, bare, 2)
    await speaker.established('dut')
    expect(speaker.best()).toEqual([])
  })

  it('killed for good: its routes stay for its restart time', async ({ expect }) => {
    await using cell = createCell()
    const world = await helped(name, cell, describeDaemon(preserving[name], restartTime))
    const { speaker } = world
    await crash(world)
    const from = performance.now()
    expect(speaker.best()).toEqual(networks)
    await speaker.until('they are gone', () => speaker.best().length === 0)
    const seconds = (performance.now() - from) / 1000
    expect(seconds).toBeGreaterThan(restartTime - 1)
    expect(seconds).toBeLessThan(restartTime + 10)
  })
})

/** Our speaker as a process of its own. */
async function startProcess(cell: Cell, given: Partial<PeerConfig>, options: SpeakerOptions): Promise<ChildProcess> {
  const config: SpeakerConfig = {
    routerId: '10.0.0.1',
    listen: [{ family: 4, port: 179 }],
    peers: [ourPeer(given)],
    recoveryTime: 30,
    maxPaths: 1,
  }
  const routes = networks.map((_, i) => route(`10.1.${i}.0/24`))
  const file = fileURLToPath(new URL('speaker-process.ts', import.meta.url))
  const whole = { resolveByDefault: { metric: 0 }, ...options }
  const argument = JSON.stringify({ config, options: whole, routes: options.restarted ? routes.slice(0, 1) : routes })
  const child = cell.here.spawn(process.execPath, ['--conditions=@tortie/source', file, argument], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  cell.signal.addEventListener('abort', () => child.kill('SIGKILL'), { once: true })
  const lines = createInterface({ input: child.stdout ?? process.stdin })
  await new Promise<void>((resolve, reject) => {
    child.once('exit', () => reject(new Error('the speaker has ended')))
    lines.on('line', (line) => {
      const event = JSON.parse(line) as SpeakerEvent
      if (event.kind === 'peer' && event.status.state === 'Established') resolve()
    })
  })
  return child
}

async function kill(child: ChildProcess): Promise<void> {
  const exit = once(child, 'exit')
  child.kill('SIGKILL')
  await exit
}

describe.concurrent.each(names)('%s helps us', (name) => {
  const has =
    (daemon: RoutingDaemon, ...prefixes: string[]) =>
    async (): Promise<boolean> => {
      const text = await daemon.routes(4)
      return ['10.1.0.0/24', '10.1.1.0/24'].every((prefix) => text.includes(prefix) === prefixes.includes(prefix))
    }
  const both = ['10.1.0.0/24', '10.1.1.0/24']

  it('killed and started again: our routes stay, and what we do not send again goes', async ({ expect }) => {
    await using cell = createCell()
    const daemon = await start(name, cell, describeDaemon(preserving[name]), 1)
    const first = await startProcess(cell, {}, {})
    await eventually('it has our routes', has(daemon, ...both), cell)
    await kill(first)
    await eventually('it has noticed', async () => !(await daemon.established(ours(1))), cell)
    expect(await has(daemon, ...both)()).toBe(true)
    await startProcess(cell, {}, { restarted: { forwarding: [4] } })
    await eventually('it has what we sent again', has(daemon, both[0] ?? ''), cell)
  })

  it('killed for good: our routes stay for our restart time', async ({ expect }) => {
    await using cell = createCell()
    const daemon = await start(name, cell, describeDaemon(preserving[name]), 1)
    const only = await startProcess(
      cell,
      { gracefulRestart: { enabled: true, time: restartTime, notification: false } },
      {},
    )
    await eventually('it has our routes', has(daemon, ...both), cell)
    await kill(only)
    const from = performance.now()
    await eventually('it has noticed', async () => !(await daemon.established(ours(1))), cell)
    expect(await has(daemon, ...both)()).toBe(true)
    await eventually('they are gone', has(daemon), cell)
    expect((performance.now() - from) / 1000).toBeGreaterThan(restartTime - 1)
  })
})
