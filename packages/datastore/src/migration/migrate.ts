import type { Call, Clock } from '@tortie/runtime'
import type { RawStore } from '../raw-store.ts'
import { MigrationError } from './errors.ts'
import { type MigrationPlan, type MigrationStep, migratedRange, planMigration } from './plan.ts'

export interface MigrationStores {
  readonly source: RawStore
  readonly target: RawStore
}

export interface MigrationOptions {
  readonly clock: Clock
  /** How long what had begun before the source was locked is given to end. Default 10 s. */
  readonly drainMs?: number
  /** Writes under way at once. Default 16. */
  readonly parallel?: number
  /** Told after each write. */
  readonly onProgress?: (progress: MigrationProgress) => void
}

export interface MigrationProgress {
  readonly phase: MigrationStep['phase']
  readonly done: number
  readonly total: number
}

export interface MigrationReport {
  /** Entries that the target has in common with the source: all of it, but for reports of running agents. */
  readonly entries: number
  readonly written: number
  readonly deleted: number
  readonly leftOut: readonly string[]
}

const defaultDrainMs = 10_000
const defaultParallel = 16
/** Each reads both datastores; without other writers three are enough. */
const mostRounds = 10

/** What `migrate` would do, and whether it would refuse; writes nothing. @throws as `migrate` */
export async function foreseeMigration({ source, target }: MigrationStores, call: Call): Promise<MigrationPlan> {
  const [from, to] = await Promise.all([source.list(migratedRange, call), target.list(migratedRange, call)])
  return planMigration(from, to, { source: source.name, target: target.name })
}

/**
 * Moves a datastore: afterwards `target` holds what `source` holds, key for key and byte for byte, uids included;
 * revisions are the target's own. Both are locked (`datastoreReady: false`) and stay so: start the components on the
 * target, then unlock it. It ends only after a reading of both has found no difference. Killed anywhere, it goes on when
 * called again. The target has to be empty, or to hold no more than a start of the same migration.
 * @throws MigrationError; DatastoreError Unavailable, Unauthorized
 */
export async function migrate(
  stores: MigrationStores,
  options: MigrationOptions,
  call: Call,
): Promise<MigrationReport> {
  let [written, deleted, wasLocked] = [0, 0, false]
  const count = ({ value, store }: MigrationStep): void => {
    if (store === 'source') return
    if (value === undefined) deleted++
    else written++
  }
  let plan = await foreseeMigration(stores, call)
  for (let round = 1; plan.steps.length > 0; round++) {
    const [first] = plan.steps as readonly [MigrationStep]
    if (round > mostRounds) throw new MigrationError('migration/unsettled', { rounds: mostRounds, key: first.key })
    if (first.phase === 'lock') {
      if (wasLocked) throw new MigrationError('migration/unlocked', { store: stores.source.name })
      await perform([first], stores, options, () => undefined, call)
      await options.clock.sleep(options.drainMs ?? defaultDrainMs, call)
    } else {
      const only = (...phases: MigrationStep['phase'][]) => plan.steps.filter(({ phase }) => phases.includes(phase))
      const isClaimed = await perform(only('claim'), stores, options, () => undefined, call)
      const copies = only('copy')
      // The end waits for a reading that finds nothing else to do.
      if (isClaimed) await perform(copies, stores, options, count, call)
      if (first.phase === 'finish' && (await perform([first], stores, options, count, call))) break
    }
    wasLocked = true
    plan = await foreseeMigration(stores, call)
  }
  return { entries: plan.entries, written, deleted, leftOut: plan.leftOut }
}

/** Whether every write found what it expected; one that did not is planned anew. */
async function perform(
  steps: readonly MigrationStep[],
  stores: MigrationStores,
  { parallel = defaultParallel, onProgress }: MigrationOptions,
  count: (step: MigrationStep) => void,
  call: Call,
): Promise<boolean> {
  let [next, done, refused] = [0, 0, 0]
  const work = async (): Promise<void> => {
    for (let step = steps[next++]; step !== undefined; step = steps[next++]) {
      call.signal.throwIfAborted()
      const outcome = await stores[step.store].compareAndSwap(step.key, step.expected, step.value, call)
      if (outcome.done) count(step)
      else refused++
      onProgress?.({ phase: step.phase, done: ++done, total: steps.length })
    }
  }
  // All are awaited, also when one fails: none goes on in the dark.
  const workers = await Promise.allSettled(Array.from({ length: parallel }, work))
  for (const worker of workers) if (worker.status === 'rejected') throw worker.reason
  return refused === 0
}
