import { isRefusal, type RefusalError, type Request, type Route, type Rtnetlink } from '@tortie/netlink'
import type { Call } from '@tortie/runtime'
import { HostnetError } from '../errors.ts'
import { effectivePriority } from '../plan/route-key.ts'
import { type PlanContext, planRow, putRequest, removeRequest, targetOf } from './plan.ts'

/** PERF: rows planned before they are written; bounds memory, and the time that the event loop is kept. */
const rowsPerRound = 4000
/** PERF: rows looked at before other work gets a turn: some milliseconds. */
const rowsPerTurn = 20_000
/** The kernel will take the route when a device, an address or a route to the gateway comes. */
const curableErrnos = ['ENETUNREACH', 'EHOSTUNREACH', 'ENETDOWN', 'ENODEV', 'EINVAL']

/** Refusals whose words are kept, for people. */
const mostWords = 1000

/** A wanted route that is not in the kernel. */
export interface RouteProblem {
  readonly dst: string
  readonly state: 'waiting' | 'conflict' | 'refused'
  readonly why: string
}

export interface Written {
  /** Routes added, replaced and removed. */
  readonly changed: number
  /** Something stands where a route was to go that we did not know of. */
  readonly surprised: boolean
  /** Refused for a reason that waiting will not cure. */
  readonly failures: readonly RefusalError[]
}

interface Removal {
  readonly row: number
  readonly metric: number
  readonly shape: number
}

/**
 * Brings the kernel to what the rows want, some thousands at a time: all additions of a round before its removals.
 * What is refused stays wanted and is known by its state.
 * @param words filled with the kernel's words for what it refused, by row
 * @param pause gives other work a turn
 */
export async function writeRows(
  rows: Iterable<number>,
  context: PlanContext,
  rt: Pick<Rtnetlink, 'attempt'>,
  protocol: number,
  words: Map<number, string>,
  pause: () => Promise<void>,
  call: Call,
): Promise<Written> {
  const round = new Round(context, protocol, words)
  let changed = 0
  let surprised = false
  const failures: RefusalError[] = []
  const finish = async (): Promise<void> => {
    const written = await round.write(rt, call)
    changed += written.changed
    surprised ||= written.surprised
    failures.push(...written.failures)
  }
  let looked = 0
  for (const row of rows) {
    if (round.plan(row) >= rowsPerRound) await finish()
    if (++looked % rowsPerTurn === 0) await pause()
  }
  await finish()
  return { changed, surprised, failures }
}

class Round {
  readonly #context: PlanContext
  readonly #protocol: number
  readonly #words: Map<number, string>
  #puts: { readonly row: number; readonly shape: number; readonly request: Request }[] = []
  #removals: Removal[] = []
  /** Rows whose held route goes once its successor is there. */
  #replaced = new Map<number, Removal>()

  constructor(context: PlanContext, protocol: number, words: Map<number, string>) {
    this.#context = context
    this.#protocol = protocol
    this.#words = words
  }

  /** Adds what is to be done for the row. @returns how many rows are now to be written */
  plan(row: number): number {
    const { table } = this.#context
    if (!table.isLive(row)) return this.#size()
    const { state, put, remove } = planRow(row, this.#context)
    table.setState(row, state)
    this.#words.delete(row)
    const old = { row, metric: table.heldMetric[row] as number, shape: table.heldShape[row] as number }
    if (put) {
      this.#puts.push({ row, shape: put.shape, request: putRequest(row, put, this.#context, this.#protocol) })
      if (remove) this.#replaced.set(row, old)
    } else if (remove) this.#removals.push(old)
    else if (this.#isAdopted(row)) table.setInherited(row, false)
    if (!put && !remove) table.release(row)
    return this.#size()
  }

  /** An inherited route that is exactly what is wanted is ours from now on. */
  #isAdopted(row: number): boolean {
    const { table } = this.#context
    if (!table.isInherited(row) || table.heldMetric[row] !== table.wantedMetric[row]) return false
    return targetOf(row, this.#context) === table.heldShape[row]
  }

  #size(): number {
    return this.#puts.length + this.#removals.length
  }

  async write(rt: Pick<Rtnetlink, 'attempt'>, call: Call): Promise<Written> {
    const { table } = this.#context
    const failures: RefusalError[] = []
    let surprised = false
    const refused = await attempt(
      rt,
      this.#puts.map(({ request }) => request),
      call,
    )
    for (const [index, { row, shape }] of this.#puts.entries()) {
      const error = refused.get(index)
      if (!error) {
        const old = this.#replaced.get(row)
        if (old) this.#removals.push(old)
        table.heldShape[row] = shape
        table.heldMetric[row] = table.wantedMetric[row] as number
        table.setInherited(row, false)
      } else {
        surprised = this.#refused(row, error, failures) || surprised
      }
    }
    const { removed, stuck } = await this.#remove(rt, failures, call)
    const changed = this.#puts.length - refused.size + removed
    this.#puts = []
    this.#removals = []
    this.#replaced.clear()
    return { changed, surprised: surprised || stuck, failures }
  }

  /** @returns whether it is not known what stands there */
  #refused(row: number, error: RefusalError, failures: RefusalError[]): boolean {
    const { table, view } = this.#context
    const exists = isRefusal(error, 'EEXIST')
    table.setState(row, exists ? 'conflict' : 'refused')
    if (this.#words.size < mostWords) this.#words.set(row, error.message)
    if (!exists && !curableErrnos.some((name) => isRefusal(error, name))) failures.push(error)
    const metric = table.wantedMetric[row] as number
    return exists && !view.at(table.prefixOf(row)).some((route) => effectivePriority(route) === metric)
  }

  async #remove(
    rt: Pick<Rtnetlink, 'attempt'>,
    failures: RefusalError[],
    call: Call,
  ): Promise<{ removed: number; stuck: boolean }> {
    const { table } = this.#context
    const requests = this.#removals.map(({ row, metric, shape }) =>
      removeRequest(row, metric, shape, this.#context, this.#protocol),
    )
    const refused = await attempt(rt, requests, call)
    let stuck = false
    for (const [index, { row, metric }] of this.#removals.entries()) {
      const error = refused.get(index)
      const gone = !error || isRefusal(error, 'ESRCH') || isRefusal(error, 'ENOENT')
      if (!gone) {
        failures.push(error)
        stuck = true
      } else if (table.heldMetric[row] === metric) {
        table.heldShape[row] = 0
        table.setInherited(row, false)
        table.release(row)
      }
    }
    return { removed: this.#removals.length - refused.size, stuck }
  }
}

async function attempt(
  rt: Pick<Rtnetlink, 'attempt'>,
  requests: readonly Request[],
  call: Call,
): Promise<Map<number, RefusalError>> {
  if (requests.length === 0) return new Map()
  return new Map((await rt.attempt(requests, call)).map((error) => [error.facts.index, error]))
}

/** Removes exactly these routes of ours. @returns how many were there */
export async function removeExtras(
  extras: readonly Route[],
  rt: Pick<Rtnetlink, 'attempt'>,
  protocol: number,
  call: Call,
): Promise<number> {
  const requests = extras.map(
    ({ dst, type, priority = 0, gateway, oif, multipath }): Request => ({
      kind: 'route',
      verb: 'delete',
      route: {
        dst,
        table: 254,
        protocol,
        priority,
        ...(type === undefined ? {} : { type }),
        ...(gateway === undefined ? {} : { gateway }),
        ...(oif === undefined ? {} : { oif }),
        ...(multipath === undefined ? {} : { multipath }),
      },
    }),
  )
  return requests.length - (await attempt(rt, requests, call)).size
}

/** Every wanted route that is not in place. */
export function* problems(context: PlanContext, words: ReadonlyMap<number, string>): Generator<RouteProblem> {
  const { table, view } = context
  if (table.troubled === 0) return
  for (let row = 0; row < table.end; row++) {
    const state = table.stateOf(row)
    if (state === 'in-place' || !table.isLive(row)) continue
    const dst = table.prefixOf(row)
    const target = targetOf(row, context)
    const metric = table.wantedMetric[row] as number
    const rival = view.at(dst).find((route) => effectivePriority(route) === metric)
    const conflict = rival && `a route of another program (proto ${rival.protocol}) is there`
    const why = typeof target === 'string' ? target : (conflict ?? words.get(row) ?? 'the kernel refused it')
    yield { dst, state, why }
  }
}

export function throwFailures(failures: readonly RefusalError[]): void {
  const [first] = failures
  if (!first) return
  throw new HostnetError('hostnet/refused', { count: failures.length, first: first.message }, { cause: first })
}
