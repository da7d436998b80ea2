import { type Datastore, followResources, type MirrorBatch } from '@tortie/datastore'
import { type Call, type Clock, createQueue, type Log, type Queue, type Random } from '@tortie/runtime'
import { type BgpChange, type BgpProgram, type BgpTopologyOptions, createBgpTopology } from '@tortie/topology'
import { type ConfigState, configKinds, createConfigState, type LocalSources } from '../config-watch.ts'

/** The kinds that a node's BGP follows from. */
const bgpKinds = [
  'Node',
  'IPPool',
  'BlockAffinity',
  'BGPConfiguration',
  'BGPPeer',
  'BGPFilter',
  'WorkloadEndpoint',
  'Profile',
  'FelixConfiguration',
] as const
type BgpKind = (typeof bgpKinds)[number]

type Secret = Omit<Extract<BgpChange, { readonly type: 'secret' }>, 'type'>

export interface BgpFollowPorts {
  readonly datastore: Datastore
  /** All passwords first, then changes. */
  readonly secrets: (call: Call) => AsyncIterable<readonly Secret[]>
  /** Takes each program in turn. */
  readonly apply: (program: BgpProgram) => void
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

type Event =
  | { readonly kind: 'batch'; readonly batch: MirrorBatch<BgpKind>; readonly taken: () => void }
  | { readonly kind: 'secrets'; readonly secrets: readonly Secret[] }

export interface BgpFollowOptions extends Omit<BgpTopologyOptions, 'felixProgramClusterRoutes'> {
  readonly local: LocalSources
}

/**
 * Datastore and secrets → calculation → BGP programs. None is made before everything has been read once, for a part of the
 * configuration would withdraw routes (spec 05 A1). Ends only by throwing: `signal.reason`, or what following throws.
 */
export async function followBgp(options: BgpFollowOptions, ports: BgpFollowPorts, { signal }: Call): Promise<never> {
  // Who owns the cluster's routes decides over everything, and hardly ever changes: then all is calculated anew.
  for (let owner: string | undefined; ; ) {
    const life = new AbortController()
    try {
      owner = await followOnce(options, owner, ports, { signal: AbortSignal.any([signal, life.signal]) })
    } finally {
      life.abort(new Error('following BGP ended'))
    }
  }
}

/** Returns Felix's programClusterRoutes when that is another than `owner`. */
async function followOnce(
  { local, ...options }: BgpFollowOptions,
  owner: string | undefined,
  ports: BgpFollowPorts,
  call: Call,
): Promise<string | undefined> {
  const topology = createBgpTopology({ ...options, ...(owner !== undefined && { felixProgramClusterRoutes: owner }) })
  const config = createConfigState(options.node, local)
  const events = openEvents(ports, call)
  const ready = { batch: false, secrets: false }
  for (;;) {
    for (const event of await events.take(call)) {
      if (event.kind === 'batch') {
        for (const change of event.batch.changes) {
          topology.apply(change)
          noteConfig(config, change)
        }
        ready.batch ||= event.batch.inSync
        event.taken()
      } else {
        for (const secret of event.secrets) topology.apply({ type: 'secret', ...secret })
        ready.secrets = true
      }
    }
    if (!ready.batch || !ready.secrets) continue
    const now = routesOfFelix(config, owner)
    if (now !== owner) return now
    const program = topology.flush()
    if (program) ports.apply(program)
  }
}

/** What happens, in order, from both sources. */
function openEvents(ports: BgpFollowPorts, call: Call): Queue<Event> {
  const events = createQueue<Event>()
  const pump = (work: () => Promise<void>): void => void work().catch((error: unknown) => events.fail(error))
  pump(async () => {
    for await (const batch of followResources(ports.datastore, bgpKinds, ports, call))
      await new Promise<void>((taken) => events.push({ kind: 'batch', batch, taken }))
  })
  pump(async () => {
    for await (const secrets of ports.secrets(call)) events.push({ kind: 'secrets', secrets })
  })
  return events
}

function noteConfig(config: ConfigState, change: MirrorBatch<BgpKind>['changes'][number]): void {
  const { kind } = change.type === 'put' ? change.item : change.key
  if ((configKinds as readonly string[]).includes(kind)) config.apply(change as Parameters<ConfigState['apply']>[0])
}

function routesOfFelix(config: ConfigState, otherwise: string | undefined): string | undefined {
  try {
    return config.resolve().config.ProgramClusterRoutes
  } catch {
    return otherwise // the node tells what is wrong with its configuration
  }
}
