import { initialClusterInformation, initialTiers, prepareCreate } from '@tortie/model'
import { type Call, type Clock, createBackoff, type Random } from '@tortie/runtime'
import type { Datastore } from '../contract.ts'
import { isDatastoreError } from '../errors.ts'
import { findResource } from './find.ts'

export interface ClusterOptions {
  /** Of Calico, as in `v3.31.0`; left as it is when not given. */
  readonly version?: string
  /** Words for the comma-separated clusterType; those that are missing are added. */
  readonly clusterType?: string
}

interface InitializePorts {
  readonly clock: Clock
  readonly random: Random
}

/**
 * Makes what every cluster has (spec 01 §1.17): ClusterInformation `default` with its GUID, and the built-in tiers.
 * What is there already stays, an explicit `datastoreReady: false` too. Safe to run on every start, by all nodes at once.
 * All steps are tried; the first error is thrown at the end.
 */
export async function ensureInitialized(
  datastore: Datastore,
  options: ClusterOptions,
  ports: InitializePorts,
  call: Call,
): Promise<void> {
  const steps = [
    () => ensureClusterInformation(datastore, options, ports, call),
    ...initialTiers().map((tier) => async () => {
      await datastore.create(prepareCreate(tier, ports), call).catch((error: unknown) => {
        if (!isDatastoreError(error, 'AlreadyExists') && !isDatastoreError(error, 'Unauthorized')) throw error
      })
    }),
  ]
  const errors: unknown[] = []
  for (const step of steps) await step().catch((error: unknown) => errors.push(error))
  call.signal.throwIfAborted()
  if (errors.length > 0) throw errors[0]
}

async function ensureClusterInformation(
  datastore: Datastore,
  { version, clusterType }: ClusterOptions,
  ports: InitializePorts,
  call: Call,
): Promise<void> {
  const backoff = createBackoff(ports, { longestMs: 1_000 })
  for (;;) {
    const current = await findResource(datastore, { kind: 'ClusterInformation', name: 'default' }, call)
    const wanted = initialClusterInformation(
      {
        ...(version !== undefined && { version }),
        ...(clusterType !== undefined && { type: clusterType }),
        guid: ports.random.uuid().replaceAll('-', ''),
      },
      current,
    )
    if (wanted === current) return
    try {
      if (current) await datastore.update(wanted, call)
      else await datastore.create(prepareCreate(wanted, ports), call)
      return
    } catch (error) {
      if (!isDatastoreError(error, 'AlreadyExists') && !isDatastoreError(error, 'Conflict')) throw error
    }
    await backoff.wait(call)
  }
}
