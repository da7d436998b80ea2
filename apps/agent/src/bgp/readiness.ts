import { type BgpControl, type BgpStatus, createBgpGauges, type Health, type Report } from '@tortie/node'
import type { Call, Clock, Meter } from '@tortie/runtime'

const periodMs = 1_000
/** A node that joins is ready when all its sessions are up; one that has been there for longer, when one is. */
const joiningMs = 30_000

/** Keeps the part BGP of the agent's health, and its metrics. Spec 05 A11. Ends only by throwing `signal.reason`. */
export async function watchBgp(
  bgp: Pick<BgpControl, 'status'>,
  { health, clock, meter }: { readonly health: Health; readonly clock: Clock; readonly meter: Meter },
  call: Call,
): Promise<never> {
  const gauges = createBgpGauges(meter)
  const started = clock.monotonicMs()
  for (;;) {
    try {
      const status = await bgp.status({ signal: AbortSignal.any([call.signal, AbortSignal.timeout(5_000)]) })
      gauges(status)
      health.report('BGP', judge(status, clock.monotonicMs() - started < joiningMs))
    } catch (error) {
      call.signal.throwIfAborted()
      const why = error instanceof Error ? error.message : String(error)
      health.report('BGP', { live: true, ready: false, why })
    }
    await clock.sleep(periodMs, call)
  }
}

/** @param joining the node has only just started */
export function judge({ families, why }: BgpStatus, joining: boolean): Report {
  if (why !== undefined) return { live: true, ready: false, why }
  if (families.some(({ state }) => state !== 'Ready'))
    return { live: true, ready: false, why: 'routes are still being learned after a restart' }
  const peers = families.flatMap((family) => family.peers).filter(({ type }) => type !== 'LocalWorkload')
  const missing = peers.filter(({ state }) => state !== 'up')
  if (missing.length === 0) return { live: true, ready: true }
  if (!joining && missing.length < peers.length) return { live: true, ready: true }
  const names = missing.slice(0, 5).map(({ peerIP, info }) => (info === undefined ? peerIP : `${peerIP} (${info})`))
  return {
    live: true,
    ready: false,
    why: `${missing.length} of ${peers.length} BGP sessions are not established: ${names.join(', ')}`,
    remedy: 'look at tortiectl bgp peers',
  }
}
