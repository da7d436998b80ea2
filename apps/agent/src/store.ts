import { createDatastore, type Datastore } from '@tortie/datastore'
import { openEmbedded } from '@tortie/datastore-embedded'
import { createEtcdStore } from '@tortie/datastore-etcd'
import type { Health } from '@tortie/node'
import { type Call, type Clock, createBackoff, isRetryable, type Log, type Random } from '@tortie/runtime'
import type { StoreSettings } from './store-settings.ts'

interface Ports {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

/** etcd is connected to when it is first asked, so that an agent can say that it waits for it. */
export async function openStore(store: StoreSettings, ports: Ports, call: Call): Promise<Datastore> {
  if (store.type === 'embedded') return await openEmbedded({ path: store.path, ...ports }, call)
  return createDatastore(createEtcdStore({ ...store.etcd, ...ports }), ports)
}

/** Where it is, for the log: without credentials. */
export function describeStore(store: StoreSettings): string {
  if (store.type === 'embedded') return store.path
  const { endpoints = [], discoverySrv = '' } = store.etcd
  return endpoints.join(',') || discoverySrv
}

/**
 * Does `work` again while what it throws may pass, such as a store that is away; health and log say why it waits. What
 * the kernel enforces stays as it is meanwhile.
 * @throws what cannot be retried
 */
export async function waitingForStore<T>(
  work: () => Promise<T>,
  { health, ...ports }: Ports & { readonly health: Health },
  call: Call,
): Promise<T> {
  const backoff = createBackoff(ports, { firstMs: 100, longestMs: 5_000 })
  for (;;) {
    try {
      return await work()
    } catch (error) {
      call.signal.throwIfAborted()
      if (!isRetryable(error)) throw error
      const why = error instanceof Error ? error.message : String(error)
      const remedy = 'retrying; the kernel keeps what it enforces'
      health.report('Datastore', { live: true, ready: false, why, remedy })
      ports.log.warn('agent.waiting', { why, remedy })
      await backoff.wait(call)
    }
  }
}
