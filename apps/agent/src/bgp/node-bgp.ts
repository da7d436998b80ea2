import type { Datastore } from '@tortie/datastore'
import { type BgpControl, followBgp, type Health } from '@tortie/node'
import type { Call, Clock, Log, Meter, Random } from '@tortie/runtime'
import type { BgpSettings, Settings } from '../settings.ts'
import { watchBgp } from './readiness.ts'
import { followSecrets } from './secrets.ts'
import { createBgpThread } from './thread.ts'

export interface NodeBgp {
  readonly control: BgpControl
  /** Ends only by throwing; its sessions end without a word, so that peers keep this node's routes until it is back. */
  run(call: Call): Promise<never>
}

export interface NodeBgpPorts {
  readonly datastore: Datastore
  readonly health: Health
  readonly clock: Clock
  readonly meter: Meter
  readonly random: Random
  readonly log: Log
}

/** BGP of this node: what the datastore wants of it, done by a thread of its own. */
export function createNodeBgp(settings: Settings, bgp: BgpSettings, ports: NodeBgpPorts): NodeBgp {
  const { health, clock, log } = ports
  health.report('BGP', { live: true, ready: false, why: 'starting' })
  const data = { socketPath: bgp.socket, logLevel: bgp.logLevel }
  const thread = createBgpThread(new URL('./bgp.js', import.meta.url), data, health, log)
  const options = {
    node: settings.nodeName,
    local: { file: settings.felixFile, environment: settings.environment },
    ...(bgp.routerId !== undefined && { routerId: bgp.routerId }),
    ...(bgp.clusterIps !== undefined && { clusterIps: bgp.clusterIps }),
    ...(bgp.kubernetesNode !== undefined && { kubernetesNode: bgp.kubernetesNode }),
  }
  const secrets = (call: Call) => followSecrets(bgp.secrets, { clock, log }, call)
  return {
    control: thread.control,
    async run(call) {
      const [ended] = await Promise.all([
        thread.run(call),
        followBgp(options, { ...ports, secrets, apply: (program) => thread.apply(program) }, call),
        watchBgp(thread.control, ports, call),
      ])
      return ended
    },
  }
}
