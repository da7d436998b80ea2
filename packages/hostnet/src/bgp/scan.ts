import type { Drift } from '@tortie/dataplane'
import type { Family } from '@tortie/ip'
import {
  formatRoute,
  interfaceAddresses,
  links,
  type ReadRoute,
  type Route,
  RT_TABLE_MAIN,
  type Rtnetlink,
  routes,
} from '@tortie/netlink'
import type { Call } from '@tortie/runtime'
import { effectivePriority } from '../plan/route-key.ts'
import type { ChangingView } from './kernel-view.ts'
import type { Shadow } from './plan.ts'
import { type HeldShape, heldKey, hopsOf, routeOf, shapeOfRoute } from './shape.ts'

const families = [4, 6] as const
/** Named ones; beyond, the number of changes has to do. */
const mostDrift = 1000

export interface Scan {
  /** What of ours was not as we left it; what went with its device is none. */
  readonly drift: readonly Drift[]
  /** Routes of ours beside another of ours to the same prefix: which nobody wants. */
  readonly extras: readonly Route[]
}

/**
 * Reads the kernel: of our protocol into the shadow, everything else into the view.
 * @param first whether these are an earlier process's routes
 * @param pause gives other work a turn
 */
export async function scanKernel(
  rt: Rtnetlink,
  shadow: Shadow,
  view: ChangingView,
  protocol: number,
  first: boolean,
  pause: () => Promise<void>,
  call: Call,
): Promise<Scan> {
  const devices = await rt.read(links(), call)
  const addresses = await rt.read(interfaceAddresses(), call)
  const extras: Route[] = []
  const drift = new Map<string, Drift>()
  const foreign: ReadRoute[] = []
  const up = new Set(devices.filter((link) => link.up).map(({ index }) => index))
  for (const family of families) {
    const dump = new FamilyScan(family, shadow, protocol, first, drift)
    const begin = (): ((route: ReadRoute) => void) => {
      dump.begin()
      return (route) => dump.visit(route)
    }
    await rt.scan(routes({ family, table: RT_TABLE_MAIN }), begin, call, pause)
    dump.end(up)
    extras.push(...dump.extras)
    foreign.push(...dump.foreign)
  }
  view.replace(devices, addresses, foreign)
  return { drift: [...drift.values()], extras }
}

class FamilyScan {
  extras: Route[] = []
  foreign: ReadRoute[] = []
  readonly #family: Family
  readonly #shadow: Shadow
  readonly #protocol: number
  readonly #first: boolean
  readonly #drift: Map<string, Drift>

  constructor(family: Family, shadow: Shadow, protocol: number, first: boolean, drift: Map<string, Drift>) {
    this.#family = family
    this.#shadow = shadow
    this.#protocol = protocol
    this.#first = first
    this.#drift = drift
  }

  begin(): void {
    this.extras = []
    this.foreign = []
    this.#shadow.table.forgetSeen(this.#family)
  }

  visit(route: ReadRoute): void {
    if (route.protocol !== this.#protocol) {
      this.foreign.push(route)
      return
    }
    const { table, held } = this.#shadow
    const row = table.add(route.dst)
    const metric = effectivePriority(route)
    if (table.isSeen(row)) {
      // Of several, the one at the wanted metric is the one we mean.
      if (metric !== table.wantedMetric[row] || table.heldMetric[row] === metric) {
        this.extras.push(route)
        return
      }
      this.extras.push(this.#heldRoute(row))
    }
    const id = held.intern(heldKey(route), () => shapeOfRoute(route))
    const before = table.heldShape[row] as number
    if (before !== id || table.heldMetric[row] !== metric) {
      if (!table.isSeen(row)) this.#note(row, before === 0 ? 'foreign' : 'changed', route)
      table.heldShape[row] = id
      table.heldMetric[row] = metric
    }
    table.setSeen(row)
    if (this.#first) table.setInherited(row, true)
  }

  /** @param up ifindexes: the kernel drops the routes of the others */
  end(up: ReadonlySet<number>): void {
    const { table, held } = this.#shadow
    for (let row = 0; row < table.end; row++) {
      if (table.heldShape[row] === 0 || table.isSeen(row) || table.familyOf(row) !== this.#family) continue
      if (couldStay(held.get(table.heldShape[row] as number), up)) this.#note(row, 'missing', this.#heldRoute(row))
      table.heldShape[row] = 0
    }
  }

  #heldRoute(row: number): Route {
    const { table, held } = this.#shadow
    const shape = held.get(table.heldShape[row] as number)
    return routeOf(table.prefixOf(row), table.heldMetric[row] as number, shape, this.#protocol)
  }

  #note(row: number, found: Drift['found'], route: Route): void {
    const prefix = this.#shadow.table.prefixOf(row)
    if (this.#first || this.#drift.size >= mostDrift || this.#drift.has(prefix)) return
    this.#drift.set(prefix, { object: `route ${formatRoute(route)}`, found })
  }
}

function couldStay(shape: HeldShape, up: ReadonlySet<number>): boolean {
  return shape.type !== 'unicast' || hopsOf(shape).some(({ oif }) => oif !== undefined && up.has(oif))
}
