import type { ApplyReport, Drift, NatProgram, PolicyDataplane, PolicyDelta, ResyncReport } from '@tortie/dataplane'
import type { NetlinkTransport } from '@tortie/netlink'
import { commit, NftablesError, type TableRef } from '@tortie/nftables'
import type { Call, Clock, Counter, Histogram, Log, Meter } from '@tortie/runtime'
import { defaultNftConfig, type NftConfig } from './config.ts'
import { NftDataplaneError } from './errors.ts'
import { compare } from './kernel/compare.ts'
import { Divergence } from './kernel/divergence.ts'
import { type Plan, plan } from './kernel/plan.ts'
import { readTable } from './kernel/readback.ts'
import { Renderer } from './render/renderer.ts'
import { Wanted } from './render/wanted.ts'

export interface NftDataplanePorts {
  /** NETLINK_NETFILTER, in the namespace of the node. Closed with the dataplane. */
  readonly transport: NetlinkTransport
  readonly clock: Clock
  readonly log: Log
  readonly meter: Meter
}

/**
 * The policy program in nf_tables: table `inet tortie`, of which it is the sole owner. Does nothing until the first
 * `apply`. Errors of `apply` and `resync`: `DataplaneError` for a delta that does not fit (it does not count, then),
 * `NftDataplaneError` for what the kernel refuses, `LinuxError` of the transport, `signal.reason`.
 * Flows that are established keep going when policy changes, as with Calico (spec 02 §7, 22).
 */
export function createNftDataplane(ports: NftDataplanePorts, config: Partial<NftConfig> = {}): PolicyDataplane {
  return new NftDataplane(ports, { ...defaultNftConfig, ...config })
}

/** With a namespace that others write to all the time, so many tries; a refusal is tried twice, then the table replaced. */
const mostAttempts = 8
const refusalsBeforeRebuild = 2

class NftDataplane implements PolicyDataplane {
  readonly #ports: NftDataplanePorts
  readonly #table: TableRef
  readonly #divergence = new Divergence()
  readonly #wanted = new Wanted(this.#divergence)
  readonly #renderer: Renderer
  readonly #commits: Counter
  readonly #changes: Counter
  readonly #readbacks: Counter
  readonly #seconds: Histogram
  /** undefined: what the kernel holds is unknown and must be read. */
  #generation: number | undefined
  #turn: Promise<unknown> = Promise.resolve()
  /** Until there is one, nothing is enforced: what an earlier process left goes on. */
  #hasProgram = false
  #closed = false

  constructor(ports: NftDataplanePorts, config: NftConfig) {
    this.#ports = ports
    this.#table = { kind: 'table', family: 'inet', name: config.table }
    this.#renderer = new Renderer(this.#wanted, config)
    const { meter } = ports
    this.#commits = meter.counter('tortie_nft_commits_total', 'Transactions of nf_tables', ['outcome'])
    this.#changes = meter.counter('tortie_nft_changes_total', 'Chains, sets and elements written or removed')
    this.#readbacks = meter.counter('tortie_nft_readbacks_total', 'Times that the table was read back', ['why'])
    this.#seconds = meter.histogram('tortie_nft_commit_seconds', 'Time of one transaction of nf_tables')
  }

  apply(delta: PolicyDelta, nat: NatProgram, call: Call): Promise<ApplyReport> {
    return this.#next(async () => {
      this.#renderer.apply(delta, nat)
      this.#hasProgram = true
      return this.#timed(() => this.#write(call))
    })
  }

  resync(call: Call): Promise<ResyncReport> {
    return this.#next(async () => {
      const drift: Drift[] = []
      const report = await this.#timed(async () => {
        call.signal.throwIfAborted()
        if (!this.#hasProgram) return 0
        drift.push(...(await this.#read('resync', call)))
        return this.#write(call)
      })
      for (const { object, found } of drift) this.#ports.log.warn('nft.drift', { object, found })
      return { ...report, drift }
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#turn
    this.#ports.transport[Symbol.dispose]()
  }

  /** One call after the other. */
  #next<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closed) return Promise.reject(new NftDataplaneError('dataplane-nft/closed', { table: this.#table.name }))
    const result = this.#turn.then(work)
    this.#turn = result.catch(() => undefined)
    return result
  }

  async #timed(work: () => Promise<number>): Promise<ApplyReport> {
    const started = this.#ports.clock.monotonicMs()
    const changed = await work()
    return { changed, durationMs: this.#ports.clock.monotonicMs() - started }
  }

  async #read(why: string, call: Call): Promise<Drift[]> {
    this.#readbacks.add(1, { why })
    const kernel = await readTable(this.#ports.transport, this.#table, this.#wanted, call)
    const drift = compare(this.#table, this.#wanted, kernel, this.#divergence)
    this.#generation = kernel.generation
    return drift
  }

  /** Makes the kernel as wanted and returns how many objects that took. */
  async #write(call: Call): Promise<number> {
    call.signal.throwIfAborted()
    let why = 'start'
    let refusals = 0
    for (let attempt = 1; ; attempt++) {
      if (this.#generation === undefined) await this.#read(why, call)
      if (refusals >= refusalsBeforeRebuild) this.#divergence.rebuild = true
      const next = plan(this.#table, this.#wanted, this.#divergence)
      if (next.transaction.operations.length === 0) return 0
      try {
        await this.#commit(next, call)
        return next.changed
      } catch (error) {
        this.#generation = undefined
        if (!(error instanceof NftablesError)) throw error
        const isStale = error.code === 'nftables/stale-generation'
        why = isStale ? 'foreign-change' : 'refused'
        if (!isStale) refusals++
        this.#ports.log.warn('nft.commit.refused', { attempt, code: error.code, why: error.message })
        if (attempt >= mostAttempts || refusals > refusalsBeforeRebuild)
          throw new NftDataplaneError(
            'dataplane-nft/write-failed',
            { table: this.#table.name, attempts: attempt, why: error.message },
            { cause: error },
          )
      }
    }
  }

  async #commit({ transaction, changed }: Plan, call: Call): Promise<void> {
    const { clock, transport } = this.#ports
    const started = clock.monotonicMs()
    const options = this.#generation === undefined ? {} : { generation: this.#generation }
    try {
      const { generation } = await commit(transport, transaction, options, call)
      this.#generation = generation
      this.#divergence.settle(this.#wanted)
      this.#commits.add(1, { outcome: 'done' })
      this.#changes.add(changed)
    } catch (error) {
      this.#commits.add(1, { outcome: 'refused' })
      throw error
    } finally {
      this.#seconds.record((clock.monotonicMs() - started) / 1000)
    }
  }
}
