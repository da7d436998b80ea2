import type { Datastore } from '@tortie/datastore'
import { memoryDatastore } from '@tortie/datastore/testing'
import type { IPPoolSpec } from '@tortie/model'
import { type Call, type Random, silentLog } from '@tortie/runtime'
import { seededRandom, type VirtualClock, virtualClock } from '@tortie/runtime/testing'
import { createIpam, type Ipam } from '../ipam.ts'

export const call: Call = { signal: new AbortController().signal }

/** A clock that needs nobody to advance it: sleepers sleep one turn of the event loop. */
export function hastyClock(clock: VirtualClock = virtualClock()): VirtualClock {
  return {
    ...clock,
    sleep: async (ms, { signal }) => {
      // Long sleeps are deadlines, which never come here.
      if (ms > 1_000) return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
      await new Promise<void>((resolve) => setImmediate(resolve))
      signal.throwIfAborted()
    },
  }
}

export interface TestCluster {
  readonly datastore: Datastore
  readonly clock: VirtualClock
  /** Another process on the same store, or on a faulty view of it. */
  ipam(datastore?: Datastore, random?: Random): Ipam
}

export interface ClusterOptions {
  readonly nodes?: readonly string[]
  readonly pools?: readonly (Partial<IPPoolSpec> & { readonly cidr: string })[]
  readonly datastore?: Datastore
}

/** A store with nodes `node-1`… and pools `pool-1`…. */
export async function createCluster({
  nodes = ['node-1', 'node-2'],
  pools = [{ cidr: '10.65.0.0/24' }, { cidr: 'fd80:24e2:f998:72d6::/120' }],
  datastore = memoryDatastore(),
}: ClusterOptions = {}): Promise<TestCluster> {
  const clock = hastyClock()
  for (const name of nodes) await addNode(datastore, name)
  for (const [index, spec] of pools.entries()) await addPool(datastore, `pool-${index + 1}`, spec)
  return {
    datastore,
    clock,
    ipam: (view = datastore, random = seededRandom(1)) =>
      createIpam({ datastore: view, clock, random, log: silentLog }),
  }
}

export async function addNode(
  datastore: Datastore,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<void> {
  await datastore.create(
    { apiVersion: 'projectcalico.org/v3', kind: 'Node', metadata: { name, labels }, spec: {} },
    call,
  )
}

export async function addPool(
  datastore: Datastore,
  name: string,
  spec: Partial<IPPoolSpec> & { readonly cidr: string },
): Promise<void> {
  await datastore.create(
    { apiVersion: 'projectcalico.org/v3', kind: 'IPPool', metadata: { name }, spec: { ...spec } },
    call,
  )
}
