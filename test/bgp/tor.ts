/** A switch at the top of the rack, as an operator configures BIRD there. It knows nothing of Tortie. */
import { join } from 'node:path'
import { type Bird, startBird } from '../interop/daemons/bird.ts'
import type { BgpLab, Machine } from './lab.ts'

export interface TorSession {
  /** Of the protocol. */
  readonly name: string
  readonly local: string
  readonly as: number
  readonly neighbor: string
  readonly neighborAs: number
  /** Announced to the neighbour. */
  readonly networks?: readonly string[]
  /** More statements of the protocol. */
  readonly more?: string
}

export function torConfig(routerId: string, sessions: readonly TorSession[]): string {
  const protocol = (session: TorSession): string => {
    const family = session.local.includes(':') ? 6 : 4
    const networks = session.networks ?? []
    const routes = networks.map((network) => `route ${network} blackhole;`).join(' ')
    return `
ipv${family} table t_${session.name};
protocol static s_${session.name} { ipv${family} { table t_${session.name}; }; ${routes} }
protocol bgp ${session.name} {
  local ${session.local} as ${session.as};
  neighbor ${session.neighbor} as ${session.neighborAs};
  multihop 64;
  connect delay time 1; connect retry time 1; error wait time 1,2;
  ${session.more ?? ''}
  ipv${family} { table t_${session.name}; import all; export where source = RTS_STATIC; add paths on; };
}`
  }
  return `log stderr all;
router id ${routerId};
protocol device { }
${sessions.map(protocol).join('')}
`
}

export interface Tor {
  readonly bird: Bird
  /** What the neighbour of a session announces, in order. */
  routes(session: string): Promise<string[]>
  /** All that BIRD says of one prefix there. */
  route(session: string, prefix: string): Promise<string>
  /** `up` since when, in BIRD's words. */
  since(session: string): Promise<string>
}

export async function startTor(lab: BgpLab, machine: Machine, sessions: readonly TorSession[]): Promise<Tor> {
  const config = torConfig(machine.ipv4, sessions)
  const bird = await startBird(machine.net, config, join(lab.at.dir, machine.name), lab.signal)
  return {
    bird,
    async routes(session) {
      const said = await bird.birdc('show', 'route', 'table', `t_${session}`, 'protocol', session)
      return [...said.matchAll(/^([0-9a-f.:]+\/\d+) /gm)].map(([, prefix = '']) => prefix).sort()
    },
    route: (session, prefix) => bird.birdc('show', 'route', prefix, 'table', `t_${session}`, 'all').catch(() => ''),
    async since(session) {
      const [, since = ''] =
        /BGP +--- +up +(\S+) +Established/.exec(await bird.birdc('show', 'protocols', session)) ?? []
      return since
    },
  }
}
