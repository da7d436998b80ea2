import {
  type ReadRoute,
  type RefusalError,
  type Request,
  type Route,
  type Rtnetlink,
  refusalError,
} from '@tortie/netlink'
import { effectivePriority } from '../plan/route-key.ts'

const EEXIST = 17
const ESRCH = 3
const ENETUNREACH = 101

/**
 * The main table as the kernel keeps it, as far as routes of one way and blackholes go: one place for each destination and
 * metric, taken by whoever comes first; REPLACE takes the first there without asking whose it is.
 */
export class ModelKernel implements Pick<Rtnetlink, 'attempt'> {
  readonly routes = new Map<string, ReadRoute[]>()
  /** Gateways that nothing leads to. */
  readonly unreachable = new Set<string>()
  readonly requests: Request[] = []

  async attempt(requests: readonly Request[]): Promise<readonly RefusalError[]> {
    this.requests.push(...requests)
    return requests.flatMap((request, index) => {
      const errno = request.kind === 'route' ? this.#do(request) : 0
      return errno === 0 ? [] : [refusalError({ seq: index, errno }, `${request.verb} route`, index)]
    })
  }

  all(): ReadRoute[] {
    return [...this.routes.values()].flat()
  }

  /** Of one destination the lowest metric is the first. */
  put(dst: string, routes: readonly ReadRoute[]): void {
    this.routes.set(
      dst,
      [...routes].sort((a, b) => effectivePriority(a) - effectivePriority(b)),
    )
  }

  #do(request: Request & { kind: 'route' }): number {
    if (request.verb === 'delete') return this.#delete(request.route)
    const { route, verb } = request
    const place = this.routes.get(route.dst) ?? []
    const rival = place.findIndex((other) => effectivePriority(other) === effectivePriority(route))
    if (rival >= 0 && verb === 'add') return EEXIST
    if (route.gateway !== undefined && this.unreachable.has(route.gateway)) return ENETUNREACH
    const read: ReadRoute = { ...route, type: route.type ?? 'unicast', table: 254, protocol: route.protocol ?? 3 }
    this.put(route.dst, rival >= 0 ? place.with(rival, read) : [...place, read])
    return 0
  }

  #delete({ dst, priority, protocol, type }: Partial<Route> & { dst: string }): number {
    const place = this.routes.get(dst) ?? []
    const at = place.findIndex(
      (route) =>
        (!priority || effectivePriority(route) === priority) &&
        (!protocol || route.protocol === protocol) &&
        (!type || route.type === type),
    )
    if (at < 0) return ESRCH
    this.routes.set(dst, place.toSpliced(at, 1))
    return 0
  }
}
