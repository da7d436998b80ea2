import { type Datastore, followResources, isDatastoreError } from '@tortie/datastore'
import { type ResourceOf, timestampOf } from '@tortie/model'
import type { Call, Clock, Log, Random } from '@tortie/runtime'
import type { BgpControl, BgpRoute } from './control.ts'
import type { BgpFamilyStatus, BgpStatus } from './status.ts'

export interface NodeStatusPorts {
  readonly datastore: Datastore
  /** Undefined where this node runs no BGP. */
  readonly bgp: Pick<BgpControl, 'status' | 'routes'> | undefined
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

type Report = ResourceOf<'CalicoNodeStatus'>
type Status = NonNullable<Report['status']>

const attempts = 3

/**
 * Fills the CalicoNodeStatus resources of this node: at once when one is created or changed, then every
 * `updatePeriodSeconds` (0: not again). What is as it was is not written, for the write would come back as a change.
 * Spec 05 A11. Ends only by throwing `signal.reason`, or what following the datastore throws.
 * @param node name of the Node resource
 */
export async function reportNodeStatus(
  node: string,
  ports: NodeStatusPorts,
  { version }: { readonly version: string },
  call: Call,
): Promise<never> {
  const running = new Map<string, { readonly wish: string; readonly stop: AbortController }>()
  const end = (name: string): void => {
    running.get(name)?.stop.abort()
    running.delete(name)
  }
  try {
    for await (const { changes } of followResources(ports.datastore, ['CalicoNodeStatus'], ports, call)) {
      for (const change of changes) {
        const name = change.type === 'put' ? change.item.metadata.name : change.key.name
        const wish =
          change.type === 'put' && change.item.spec.node === node ? JSON.stringify(change.item.spec) : undefined
        if (wish !== undefined && running.get(name)?.wish === wish) continue
        end(name)
        if (wish === undefined || change.type !== 'put') continue
        const stop = new AbortController()
        running.set(name, { wish, stop })
        const own = { signal: AbortSignal.any([call.signal, stop.signal]) }
        keepReporting(name, change.item.spec.updatePeriodSeconds, ports, version, own).catch((error: unknown) => {
          if (!own.signal.aborted) ports.log.error('node.status.stopped', { name, error })
        })
      }
    }
  } finally {
    for (const name of [...running.keys()]) end(name)
  }
  throw new Error('following the datastore ended')
}

async function keepReporting(
  name: string,
  periodSeconds: number,
  ports: NodeStatusPorts,
  version: string,
  call: Call,
): Promise<void> {
  do {
    await report(name, ports, version, call)
    if (periodSeconds > 0) await ports.clock.sleep(periodSeconds * 1000, call)
  } while (periodSeconds > 0)
}

async function report(name: string, ports: NodeStatusPorts, version: string, call: Call): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      const stored = await ports.datastore.get({ kind: 'CalicoNodeStatus', name }, call)
      const status = await collect(stored.spec.classes ?? [], ports.bgp, version, call)
      const { lastUpdated: _, ...was } = stored.status ?? {}
      if (JSON.stringify(was) === JSON.stringify(status)) return
      const lastUpdated = timestampOf(ports.clock.wallMs())
      await ports.datastore.update({ ...stored, status: { lastUpdated, ...status } }, call)
      return
    } catch (error) {
      call.signal.throwIfAborted()
      if (isDatastoreError(error, 'DoesNotExist')) return
      if (attempt === attempts) {
        ports.log.warn('node.status.failed', { name, error })
        return
      }
      if (!isDatastoreError(error, 'Conflict')) await ports.clock.sleep(1000 * attempt, call)
    }
  }
}

/** All classes of both families, or nothing. @throws what asking for one of them throws */
export async function collect(
  classes: readonly string[],
  bgp: NodeStatusPorts['bgp'],
  version: string,
  call: Call,
): Promise<Omit<Status, 'lastUpdated'>> {
  const status: BgpStatus = bgp ? await bgp.status(call) : { families: [], loopLagMs: 0 }
  const of = (family: 4 | 6): BgpFamilyStatus | undefined => status.families.find((one) => one.family === family)
  const routes = async (family: 4 | 6) => (bgp ? (await bgp.routes({ family }, call)).flatMap(routeEntry) : [])
  return {
    ...(classes.includes('Agent') && { agent: { birdV4: daemon(of(4), version), birdV6: daemon(of(6), version) } }),
    ...(classes.includes('BGP') && { bgp: { ...counts('V4', of(4)), ...counts('V6', of(6)) } }),
    ...(classes.includes('Routes') && { routes: { routesV4: await routes(4), routesV6: await routes(6) } }),
  }
}

function daemon(family: BgpFamilyStatus | undefined, version: string) {
  if (!family) return { state: 'NotReady' as const, version }
  return {
    state: family.state,
    version,
    routerID: family.routerId,
    lastBootTime: family.bootTime,
    lastReconfigurationTime: family.reconfiguredTime ?? family.bootTime,
  }
}

function counts(suffix: 'V4' | 'V6', family: BgpFamilyStatus | undefined): NonNullable<Status['bgp']> {
  const peers = family?.peers ?? []
  const established = peers.filter(({ state }) => state === 'up').length
  return {
    [`numberEstablished${suffix}`]: established,
    [`numberNotEstablished${suffix}`]: peers.length - established,
    [`peers${suffix}`]: peers.map(({ peerIP, type, bgpState, since }) => ({
      // The kind has no word for a workload's session and none for a port; calico-node leaves the former out.
      peerIP: peerIP.replace(/^\[(.*)\]:\d+$/, '$1').replace(/^([\d.]+):\d+$/, '$1'),
      type: type === 'LocalWorkload' ? ('NodePeer' as const) : type,
      state: bgpState,
      since,
    })),
  }
}

function routeEntry(route: BgpRoute) {
  if (route.status === 'rejected' || route.status === 'looped') return []
  return [
    {
      type: route.status === 'lost' ? ('RIB' as const) : ('FIB' as const),
      destination: route.prefix,
      gateway: route.gateway ?? 'N/A',
      interface: route.interface ?? (route.source === 'Static' ? 'blackhole' : 'N/A'),
      learnedFrom: { sourceType: route.source, ...(route.peerIP !== undefined && { peerIP: route.peerIP }) },
    },
  ]
}
