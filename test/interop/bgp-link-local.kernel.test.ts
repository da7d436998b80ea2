import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { SpeakerConfig, SpeakerEvent } from '@tortie/bgp'
import { expect, it } from 'vitest'
import { type Cell, createCell, peer, route } from './bgp-lab.ts'
import { type Bird, startBird } from './daemons/bird.ts'
import { eventually } from './daemons/process.ts'
import { startSpeaker } from './speaker.ts'

/** Spec 05 C6, row 1: over the link alone, as fabrics without addresses do. */
const [networks, theirs] = [[route('2001:db8:1::/48')], '2001:db8:2::/48']
const configOf = (passive: boolean): SpeakerConfig => ({
  routerId: '10.0.0.1',
  listen: [{ family: 6, port: 179 }],
  peers: [peer({ key: 'dut', address: 'fe80::2%eth0', families: [6], passive })],
})

function startRouter(cell: Cell, more: string): Promise<Bird> {
  cell.here.ip('addr add fe80::1/64 dev eth0 nodad')
  cell.there.ip('addr add fe80::2/64 dev eth0 nodad')
  const config = `log stderr all;
router id 10.0.0.2;
protocol device { }
protocol static { ipv6; route ${theirs} blackhole; }
protocol bgp dut {
  local fe80::2%eth0 as 64513;
  neighbor fe80::1%eth0 as 64512;
  connect delay time 1; connect retry time 1;
  ${more}
  ipv6 { import all; export where source = RTS_STATIC; next hop self; };
}
`
  return startBird(cell.there, config, join(cell.dir, 'bird'), cell.signal)
}

const hasOurs = (bird: Bird) => async (): Promise<boolean> =>
  /via fe80::1 on eth0/.test(await bird.birdc('show', 'route', '2001:db8:1::/48', 'all'))

it('BIRD dials our link-local address: routes both ways, by the link', async () => {
  await using cell = createCell()
  const bird = await startRouter(cell, '')
  const speaker = startSpeaker(cell.here, configOf(true), cell)
  speaker.speaker.announce(networks)
  await speaker.until('its route is here', () => speaker.best().includes(theirs))
  expect([...speaker.speaker.paths(6, theirs)]).toMatchObject([{ nextHop: 'fe80::2', status: 'best' }])
  await eventually('ours is there', hasOurs(bird), cell)
  expect(speaker.peer('dut').flaps).toBe(0)
})

it('we dial that of BIRD: routes both ways, by the link', async () => {
  await using cell = createCell()
  const bird = await startRouter(cell, 'passive on;')
  // A process in the namespace, as an agent is: names of interfaces are looked up where the process is.
  const file = fileURLToPath(new URL('speaker-process.ts', import.meta.url))
  const options = { resolveByDefault: { metric: 0 } }
  const argument = JSON.stringify({ config: configOf(false), options, routes: networks })
  const child = cell.here.spawn(process.execPath, ['--conditions=@tortie/source', file, argument], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  cell.signal.addEventListener('abort', () => child.kill('SIGKILL'), { once: true })
  const nextHop = await new Promise((resolve, reject) => {
    child.once('exit', () => reject(new Error('the speaker has ended')))
    createInterface({ input: child.stdout ?? process.stdin }).on('line', (line) => {
      const event = JSON.parse(line) as SpeakerEvent
      const found = event.kind === 'best' ? event.routes.find(({ prefix }) => prefix === theirs) : undefined
      if (found) resolve(found.paths[0]?.nextHop)
    })
  })
  expect(nextHop).toBe('fe80::2')
  await eventually('ours is there', hasOurs(bird), cell)
})
