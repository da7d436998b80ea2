import { builtInTiers } from '@tortie/model'
import { formatKey } from '../keys/key-table.ts'
import { type Expected, type KeyRange, prefixRange, type RawEntry, type RawListing } from '../raw-store.ts'
import { claimedValue, clusterKey, lockedValue, readCluster } from './cluster-value.ts'
import { MigrationError } from './errors.ts'

/** Everything that Calico's components keep, known here or not. */
export const migratedRange: KeyRange = prefixRange('/calico/')

/** Reports of running agents, some of which end with a lease: who runs writes them anew (spec 01 §2.5). */
const reports = /^\/calico\/(?:felix|openstack)\//

/** One compare-and-swap. `value` undefined deletes. */
export interface MigrationStep {
  readonly phase: 'lock' | 'claim' | 'copy' | 'finish'
  readonly store: 'source' | 'target'
  readonly key: string
  readonly expected: Expected
  readonly value: string | undefined
}

export interface MigrationPlan {
  /** What is still to be done, in order; none when the target is the source, byte for byte. */
  readonly steps: readonly MigrationStep[]
  /** How many entries of the source are moved, of which `same` are in the target already. */
  readonly entries: number
  readonly same: number
  /** Keys in the source that are left out: reports, which the components write anew. */
  readonly leftOut: readonly string[]
}

interface Names {
  readonly source: string
  readonly target: string
}

type Entries = ReadonlyMap<string, RawEntry>

/**
 * What makes `target` equal to `source`, from what both hold now: the source is locked, the target claimed and locked,
 * everything copied, and at the end the claim taken away. Pure. Because it depends on nothing else, a migration that was
 * killed anywhere is gone on with by planning again.
 * @throws MigrationError no-cluster; foreign when the target holds anything else; other-source, unlocked when the claim
 *   on it is not ours or was let go
 */
export function planMigration(
  source: RawListing,
  target: RawListing,
  names: Names = { source: 'the source', target: 'the target' },
): MigrationPlan {
  const from = entriesOf(source)
  const to = entriesOf(target)
  const cluster = clusterOf(from, names.source)
  const wanted = lockedValue(cluster.value)
  const claimed = claimedValue(cluster.value)
  const differences = [...copies(from, to)]
  const here = to.get(clusterKey)
  checkTarget({ guid: readCluster(wanted).guid, wanted, from, to, differences, name: names.target })
  const steps: MigrationStep[] = []
  if (cluster.value !== wanted)
    steps.push({ phase: 'lock', store: 'source', key: clusterKey, expected: revisionOf(cluster), value: wanted })
  const isClaimed = here !== undefined && readCluster(here.value).claimedBy !== undefined
  if (here?.value !== wanted) {
    const expected = here ? revisionOf(here) : 'absent'
    const write = { store: 'target', key: clusterKey, expected } as const
    if (!isClaimed) steps.push({ phase: 'claim', ...write, value: claimed })
    steps.push(...differences, { phase: 'finish', ...write, value: wanted })
  }
  const written = differences.filter(({ value }) => value !== undefined).length + (here?.value === wanted ? 0 : 1)
  const leftOut = source.entries.map(({ key }) => key).filter((key) => reports.test(key))
  return { steps, entries: from.size, same: from.size - written, leftOut }
}

function entriesOf({ entries }: RawListing): Entries {
  return new Map(entries.filter(({ key }) => !reports.test(key)).map((entry) => [entry.key, entry]))
}

function revisionOf({ revision }: RawEntry): Expected {
  return { revision }
}

function clusterOf(entries: Entries, store: string): RawEntry {
  const entry = entries.get(clusterKey)
  if (entry === undefined)
    throw new MigrationError('migration/no-cluster', { store, why: 'it has no ClusterInformation' })
  if (readCluster(entry.value).guid === '')
    throw new MigrationError('migration/no-cluster', { store, why: 'its ClusterInformation has no clusterGUID' })
  return entry
}

/** All but ClusterInformation, which is first and last. */
function* copies(from: Entries, to: Entries): Generator<MigrationStep> {
  const write = { phase: 'copy', store: 'target' } as const
  for (const [key, { value }] of from) {
    const there = to.get(key)
    if (key === clusterKey || there?.value === value) continue
    yield { ...write, key, expected: there ? revisionOf(there) : 'absent', value }
  }
  for (const [key, entry] of to)
    if (key !== clusterKey && !from.has(key)) yield { ...write, key, expected: revisionOf(entry), value: undefined }
}

/** What every datastore is made with may be replaced. */
const builtIn: ReadonlySet<string> = new Set(Object.keys(builtInTiers).map((name) => formatKey({ kind: 'Tier', name })))

interface Target {
  readonly guid: string
  readonly wanted: string
  readonly from: Entries
  readonly to: Entries
  readonly differences: readonly MigrationStep[]
  readonly name: string
}

function checkTarget({ guid, wanted, to, differences, name: store }: Target): void {
  const here = to.get(clusterKey)
  const { claimedBy, locked } = here ? readCluster(here.value) : { claimedBy: undefined, locked: false }
  if (claimedBy !== undefined) {
    if (claimedBy !== guid)
      throw new MigrationError('migration/other-source', { store, cluster: guid, found: claimedBy })
    if (!locked) throw new MigrationError('migration/unlocked', { store })
    return
  }
  // Of a migration that has ended even the built-in tiers are as they should be.
  const mayReplace = here?.value === wanted ? new Set() : builtIn
  const foreign = differences.filter(({ key, expected }) => expected !== 'absent' && !mayReplace.has(key))
  const missing = here?.value === wanted ? differences.filter(({ expected }) => expected === 'absent') : []
  const keys = [...foreign, ...missing].map(({ key }) => key)
  if (keys.length > 0)
    throw new MigrationError('migration/foreign', { store, count: keys.length, keys: keys.slice(0, 5) })
}
