/** The daemons of the BGP benches, each with the same passive neighbours of other ASes; no routes in the kernel. */
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { TestNetns } from '@tortie/linux/testing'
import { startBird } from '../../test/interop/daemons/bird.ts'
import { startFrr } from '../../test/interop/daemons/frr.ts'
import { startGobgp } from '../../test/interop/daemons/gobgp.ts'
import { startDaemon } from '../../test/interop/daemons/process.ts'

export interface DutPeer {
  readonly local: string
  readonly remote: string
  readonly as: number
  /** Whether routes are sent to it, too. */
  readonly exports: boolean
  /** It is behind a gateway. */
  readonly multihop?: boolean
}

export interface Dut {
  readonly peers: readonly DutPeer[]
  /** Seconds. */
  readonly holdTime: number
  /** Ours only: the best routes are told to a listener, as the agent is one. */
  readonly told?: boolean
}

export const localAs = 64_512
export const routerId = '10.0.3.1'
export type DaemonName = 'tortie' | 'bird' | 'frr' | 'gobgp'
/** Its process id. */
export type Start = (netns: TestNetns, dut: Dut, dir: string, signal: AbortSignal) => Promise<number>

export const daemons: Readonly<Record<DaemonName, Start>> = {
  async tortie(netns, dut, _dir, signal) {
    const script = fileURLToPath(new URL('tortie.ts', import.meta.url))
    // A young generation of 12 MB, as the agent's BGP thread has.
    const args = ['--max-semi-space-size=4', script, JSON.stringify(dut)]
    // The ends dial until it listens.
    const options = { command: process.execPath, args, ready: async () => true }
    return (await startDaemon(netns, options, { signal })).pid
  },
  async bird(netns, { peers, holdTime }, dir, signal) {
    const protocols = peers.map(
      ({ local, remote, as, exports, multihop }) => `
protocol bgp {
  local ${local} as ${localAs}; neighbor ${remote} as ${as}; passive; hold time ${holdTime};
  ${multihop ? 'multihop;' : ''}
  ipv4 { import all; export ${exports ? 'all' : 'none'}; };
}`,
    )
    const config = `router id ${routerId}; protocol device { }${protocols.join('')}`
    return (await startBird(netns, config, join(dir, 'bird'), signal)).pid
  },
  async frr(netns, { peers, holdTime }, dir, signal) {
    const neighbors = peers.map(
      ({ remote, as, exports, multihop }) => `
 neighbor ${remote} remote-as ${as}
 neighbor ${remote} passive${multihop ? `\n neighbor ${remote} ebgp-multihop 64` : ''}${exports ? '' : `\n neighbor ${remote} route-map nothing out`}`,
    )
    const bgpd = `route-map nothing deny 1
router bgp ${localAs}
 bgp router-id ${routerId}
 no bgp ebgp-requires-policy
 timers bgp ${Math.floor(holdTime / 3)} ${holdTime}${neighbors.join('')}
`
    return (await startFrr(netns, { bgpd }, join(dir, 'frr'), signal, { bgpd: ['-n'] })).daemons.bgpd?.pid ?? 0
  },
  async gobgp(netns, { peers }, dir, signal) {
    const neighbors = peers.map(
      ({ remote, as }) => `
[[neighbors]]
  [neighbors.config]
    neighbor-address = "${remote}"
    peer-as = ${as}
  [neighbors.transport.config]
    passive-mode = true`,
    )
    const config = `[global.config]
  as = ${localAs}
  router-id = "${routerId}"${neighbors.join('')}
`
    return (await startGobgp(netns, config, join(dir, 'gobgp'), signal)).pid
  },
}
