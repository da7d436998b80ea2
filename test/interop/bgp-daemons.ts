/** The daemons of the interoperability tests, from one description of their neighbours. */
import { join } from 'node:path'
import type { TestNetns } from '@tortie/linux/testing'
import { startBird } from './daemons/bird.ts'
import { type Exabgp, startExabgp } from './daemons/exabgp.ts'
import { startFrr } from './daemons/frr.ts'
import { startGobgp } from './daemons/gobgp.ts'

export interface Neighbor {
  /** Our address, and the daemon's. */
  readonly ours: string
  readonly theirs: string
  readonly ourAs: number
  /** The daemon's in this session; that of the description when undefined. BIRD and ExaBGP only. */
  readonly theirAs?: number
  /** Without 4-octet AS numbers. BIRD and ExaBGP only. */
  readonly twoOctets?: boolean
  readonly password?: string
  /** GTSM: hops to us at most. */
  readonly hops?: number
  /** The daemon waits for us. */
  readonly passive?: boolean
  readonly families?: readonly (4 | 6)[]
  /** Seconds; no graceful restart when undefined. */
  readonly gracefulRestart?: number
  readonly addPath?: boolean
  readonly client?: boolean
  /** Seconds. */
  readonly holdTime?: number
  /** More lines, in the daemon's words; and for the channels of BIRD. */
  readonly more?: string
  readonly channel?: string
}

export interface Description {
  readonly as: number
  readonly routerId: string
  readonly neighbors: readonly Neighbor[]
  /** What it announces: prefixes of both families. */
  readonly networks?: readonly string[]
  /** It passes on what it learned. */
  readonly transit?: boolean
  /** It starts as one that recovers from a restart. */
  readonly graceful?: boolean
  /** More lines, in the daemon's words. */
  readonly more?: string
}

export interface RoutingDaemon {
  readonly name: string
  /** Its table of a family, in its own words. */
  routes(family: 4 | 6): Promise<string>
  /** Whether it calls its session with that address of ours established. */
  established(address: string): Promise<boolean>
  /** Its own command. */
  command(...words: string[]): Promise<string>
  /** What ExaBGP has told. */
  readonly exabgp?: Exabgp
  stop(): Promise<void>
  kill(): Promise<void>
  pause(): void
  resume(): void
}

export type Start = (netns: TestNetns, what: Description, dir: string, signal: AbortSignal) => Promise<RoutingDaemon>

const familiesOf = ({ families, ours }: Neighbor): readonly (4 | 6)[] => families ?? [ours.includes(':') ? 6 : 4]
const of = (networks: readonly string[] | undefined, family: 4 | 6): string[] =>
  (networks ?? []).filter((network) => network.includes(':') === (family === 6))
const lines = (...text: (string | false | undefined)[]): string => text.filter((line) => line).join('\n')

export function birdConfig({ as, routerId, neighbors, networks, transit, more }: Description): string {
  const statics = ([4, 6] as const).map((family) => {
    const routes = of(networks, family).map((network) => `route ${network} blackhole;`)
    return `protocol static seed${family} { ipv${family}; ${routes.join(' ')} }`
  })
  const sources = transit ? 'all' : 'where source = RTS_STATIC'
  const peers = neighbors.map((one, i) => {
    const channels = familiesOf(one).map(
      (family) =>
        `ipv${family} { import all; export ${sources}; ${one.addPath ? 'add paths on;' : ''} ${transit ? '' : 'next hop self;'} ${one.channel ?? ''} };`,
    )
    return lines(
      `protocol bgp n${i} {`,
      `local ${one.theirs} as ${one.theirAs ?? as}; neighbor ${one.ours} ${one.twoOctets && one.ourAs > 0xffff ? 'external' : `as ${one.ourAs}`};`,
      one.hops === undefined ? 'multihop 64;' : `multihop ${one.hops}; ttl security on;`,
      `hold time ${one.holdTime ?? 30}; connect delay time 1; connect retry time 1; error wait time 1,2;`,
      one.password !== undefined && `password "${one.password}";`,
      one.passive && 'passive on;',
      one.twoOctets && 'enable as4 off;',
      one.client && 'rr client;',
      one.gracefulRestart === undefined
        ? 'graceful restart off;'
        : `graceful restart on; graceful restart time ${one.gracefulRestart};`,
      one.more,
      ...channels,
      '}',
    )
  })
  return lines('log stderr all;', `router id ${routerId};`, 'protocol device { }', more, ...statics, ...peers)
}

const bird: Start = async (netns, what, dir, signal) => {
  const graceful = what.graceful === true
  const daemon = await startBird(netns, birdConfig(what), join(dir, 'bird'), signal, { graceful })
  const name = (address: string): string => `n${what.neighbors.findIndex(({ ours }) => ours === address)}`
  return {
    ...daemon,
    name: 'BIRD',
    command: daemon.birdc,
    routes: (family) => daemon.birdc('show', 'route', 'table', `master${family}`, 'all'),
    established: async (address) =>
      /BGP state:\s+Established/.test(await daemon.birdc('show', 'protocols', 'all', name(address))),
  }
}

export function frrConfig({ as, routerId, neighbors, networks, more }: Description): string {
  const peers = neighbors.flatMap((one) => [
    `neighbor ${one.ours} remote-as ${one.ourAs}`,
    `neighbor ${one.ours} update-source ${one.theirs}`,
    one.ourAs !== as && (one.hops === undefined ? `neighbor ${one.ours} ebgp-multihop 64` : ''),
    one.hops !== undefined && `neighbor ${one.ours} ttl-security hops ${one.hops}`,
    `neighbor ${one.ours} timers ${Math.floor((one.holdTime ?? 30) / 3)} ${one.holdTime ?? 30}`,
    `neighbor ${one.ours} timers connect 1`,
    one.password !== undefined && `neighbor ${one.ours} password ${one.password}`,
    one.passive && `neighbor ${one.ours} passive`,
    one.more,
  ])
  const families = ([4, 6] as const).map((family) => {
    const active = neighbors.filter((one) => familiesOf(one).includes(family))
    return lines(
      `address-family ipv${family} unicast`,
      ...of(networks, family).map((network) => `network ${network}`),
      ...active.flatMap((one) => [
        `neighbor ${one.ours} activate`,
        one.addPath && `neighbor ${one.ours} addpath-tx-all-paths`,
        one.client && `neighbor ${one.ours} route-reflector-client`,
      ]),
      'exit-address-family',
    )
  })
  const time = neighbors.find(({ gracefulRestart }) => gracefulRestart !== undefined)?.gracefulRestart
  return lines(
    'frr defaults traditional',
    `router bgp ${as}`,
    `bgp router-id ${routerId}`,
    'no bgp ebgp-requires-policy',
    'no bgp network import-check',
    'no bgp default ipv4-unicast',
    'bgp bestpath as-path multipath-relax',
    time === undefined
      ? 'bgp graceful-restart-disable'
      : lines('bgp graceful-restart', `bgp graceful-restart restart-time ${time}`),
    more,
    ...peers.map((line) => line || undefined),
    ...families,
    'exit',
  )
}

const frr: Start = async (netns, what, dir, signal) => {
  const daemon = await startFrr(netns, { bgpd: frrConfig(what) }, join(dir, 'frr'), signal)
  return {
    name: 'FRR',
    command: daemon.vtysh,
    routes: (family) => daemon.vtysh(`show bgp ipv${family} unicast json`),
    established: async (address) =>
      /"bgpState":\s*"Established"/.test(await daemon.vtysh(`show bgp neighbors ${address} json`)),
    stop: daemon.stop,
    kill: daemon.kill,
    pause: () => daemon.daemons.bgpd?.pause(),
    resume: () => daemon.daemons.bgpd?.resume(),
  }
}

export function gobgpConfig({ as, routerId, neighbors }: Description): string {
  const peers = neighbors.map((one) => {
    const restart = one.gracefulRestart
    return lines(
      '[[neighbors]]',
      '[neighbors.config]',
      `neighbor-address = "${one.ours}"`,
      `peer-as = ${one.ourAs}`,
      one.password !== undefined && `auth-password = "${one.password}"`,
      '[neighbors.transport.config]',
      `local-address = "${one.theirs}"`,
      one.passive && 'passive-mode = true',
      ...(one.hops === undefined
        ? []
        : ['[neighbors.ttl-security.config]', 'enabled = true', `ttl-min = ${256 - one.hops}`]),
      ...(one.hops === undefined && one.ourAs !== as
        ? ['[neighbors.ebgp-multihop.config]', 'enabled = true', 'multihop-ttl = 64']
        : []),
      '[neighbors.timers.config]',
      `hold-time = ${one.holdTime ?? 30}`,
      `keepalive-interval = ${Math.floor((one.holdTime ?? 30) / 3)}`,
      'connect-retry = 1',
      'idle-hold-time-after-reset = 1',
      ...(one.client
        ? [
            '[neighbors.route-reflector.config]',
            'route-reflector-client = true',
            `route-reflector-cluster-id = "${routerId}"`,
          ]
        : []),
      ...(restart === undefined
        ? []
        : [
            '[neighbors.graceful-restart.config]',
            'enabled = true',
            `restart-time = ${restart}`,
            'notification-enabled = true',
          ]),
      one.more,
      ...familiesOf(one).flatMap((family) => [
        '[[neighbors.afi-safis]]',
        '[neighbors.afi-safis.config]',
        `afi-safi-name = "ipv${family}-unicast"`,
        ...(restart === undefined ? [] : ['[neighbors.afi-safis.mp-graceful-restart.config]', 'enabled = true']),
        ...(one.addPath ? ['[neighbors.afi-safis.add-paths.config]', 'receive = true', 'send-max = 8'] : []),
      ]),
    )
  })
  return lines('[global.config]', `as = ${as}`, `router-id = "${routerId}"`, ...peers)
}

const gobgp: Start = async (netns, what, dir, signal) => {
  const graceful = what.graceful === true
  const daemon = await startGobgp(netns, gobgpConfig(what), join(dir, 'gobgp'), signal, { graceful })
  for (const network of what.networks ?? []) {
    const v6 = network.includes(':')
    const nextHop =
      what.neighbors.find(({ theirs }) => theirs.includes(':') === v6)?.theirs ?? (v6 ? 'fd00::2' : '10.0.0.2')
    await daemon.gobgp('global', 'rib', 'add', '-a', v6 ? 'ipv6' : 'ipv4', network, 'nexthop', nextHop)
  }
  return {
    ...daemon,
    name: 'GoBGP',
    command: daemon.gobgp,
    routes: (family) => daemon.gobgp('global', 'rib', '-a', `ipv${family}`, '-j'),
    established: async (address) => /BGP state = ESTABLISHED/i.test(await daemon.gobgp('neighbor', address)),
  }
}

export function exabgpConfig(
  { as, neighbors, networks, routerId }: Description,
  api: { process: string; neighbor: string },
): string {
  const peers = neighbors.map((one) => {
    const own = familiesOf(one)
    const routes = own.flatMap((family) =>
      of(networks, family).map((network) => `unicast ${network} next-hop ${family === 6 ? 'fd00::2' : '10.0.0.2'};`),
    )
    return lines(
      `neighbor ${one.ours} {`,
      `router-id ${routerId}; local-address ${one.theirs}; local-as ${one.theirAs ?? as}; peer-as ${one.ourAs};`,
      `hold-time ${one.holdTime ?? 30};`,
      one.hops === undefined ? 'outgoing-ttl 64;' : `outgoing-ttl 255; incoming-ttl ${256 - one.hops};`,
      one.password !== undefined && `md5-password '${one.password}';`,
      one.passive && 'passive true;',
      `capability { asn4 ${one.twoOctets ? 'disable' : 'enable'}; route-refresh enable; ${one.gracefulRestart === undefined ? '' : `graceful-restart ${one.gracefulRestart};`} ${one.addPath ? 'add-path send/receive;' : ''} extended-message enable; }`,
      `family { ${own.map((family) => `ipv${family} unicast;`).join(' ')} }`,
      api.neighbor,
      one.more,
      routes.length > 0 &&
        `announce { ${own.map((family) => `ipv${family} { ${routes.filter((r) => r.includes('::') === (family === 6)).join(' ')} }`).join(' ')} }`,
      '}',
    )
  })
  return lines(api.process, ...peers)
}

const exabgp: Start = async (netns, what, dir, signal) => {
  const daemon = await startExabgp(netns, (api) => exabgpConfig(what, api), join(dir, 'exabgp'), signal)
  return {
    ...daemon,
    name: 'ExaBGP',
    exabgp: daemon,
    async command(...words) {
      await daemon.command(words.join(' '))
      return ''
    },
    // It has no table: what it was told is all there is.
    routes: async () => JSON.stringify(daemon.events.filter(({ type }) => type === 'update')),
    established: async (address) =>
      daemon.events
        .filter(({ type, neighbor }) => type === 'state' && JSON.stringify(neighbor).includes(`"${address}"`))
        .at(-1)?.neighbor?.state === 'up',
  }
}

export const daemons = { BIRD: bird, FRR: frr, GoBGP: gobgp, ExaBGP: exabgp } as const
export type DaemonName = keyof typeof daemons
