/** A datastore in which there is everything that there can be: what a migration must not lose. */
import {
  affinityKey,
  createDatastore,
  ensureInitialized,
  formatKey,
  type OfKind,
  parseKey,
  type RawStore,
} from '@tortie/datastore'
import { migratedRange } from '@tortie/datastore/migration'
import { calicoVersion, type Kind, kinds } from '@tortie/model'
import { anyResource } from '@tortie/model/testing'
import { silentLog } from '@tortie/runtime'
import { systemClock, systemRandom } from '@tortie/runtime/system'
import fc from 'fast-check'

export const ports = { clock: systemClock, random: systemRandom, log: silentLog }
export const clusterKey = formatKey({ kind: 'ClusterInformation', name: 'default' })
export const statusKey = '/calico/felix/v2/no-region/host/node-1/status'
const v3 = '/calico/resources/v3/projectcalico.org'
const ipam = '/calico/ipam/v2'

/** As Calico writes them, and as nobody here would: numbers of 64 bits, fields and keys of later and of older releases. */
const strange: Readonly<Record<string, string>> = {
  [`${ipam}/assignment/ipv4/block/10.70.0.0-30`]:
    '{"cidr":"10.70.0.0/30","affinity":"host:node-1","affinity_claim_time":"2026-08-10T12:00:00Z","allocations":[0,null,null,null],"unallocated":[1,2,3],"attributes":[{"handle_id":"net.c1","secondary":{"node":"node-1"}}],"sequenceNumber":18446744073709551615,"sequenceNumberForAllocation":{"0":18446744073709551614,"10":1754827200123456789,"2":3},"deleted":false,"hostAffinity":null,"later":[9007199254740993]}',
  [`${ipam}/handle/Net.C1`]: '{"block":{"10.70.0.0/30":1},"deleted":false,"later":{"n":-9223372036854775808}}',
  [`${ipam}/host/node-1/ipv4/block/10.70.0.0-30`]: '',
  [`${ipam}/host/node-1`]: '{}',
  [`${ipam}/virtual/load-balancer/ipv4/block/10.71.0.0-30`]: '{"state":"confirmed","deleted":false}',
  // The key of an older release, with another name in its value.
  [`${v3}/globalnetworkpolicies/default.allow`]:
    '{"kind":"GlobalNetworkPolicy","apiVersion":"projectcalico.org/v3","metadata":{"name":"allow","uid":"5f0e1f4c-8a3c-4a0c-9d5e-2f6f6a1b7c3d","creationTimestamp":null,"annotations":{"projectcalico.org/metadata":"{\\"name\\":\\"allow\\"}"}},"spec":{"order":0.10,"later":1e40}}',
  [`${v3}/networkpolicies/prod/é-ü`]: '{ "kind" : "NetworkPolicy",\n "metadata":{"name":"é-ü"},"x":"\\u003c\u2028𝒳" }',
  [`${v3}/laterkinds/a/b`]: '{"kind":"LaterKind","n":1e400,"n":-0}',
  [`${v3}/profiles/large`]: `{"metadata":{"name":"large","annotations":{"a":"${'x'.repeat(700_000)}"}},"spec":{}}`,
  '/calico/dhcp/v2/no-region/subnet/a': 'no JSON at all',
}

/** Fills an empty store with objects of every kind, the strange ones, and `handles` more. */
export async function fill(store: RawStore, handles: number, signal: AbortSignal): Promise<void> {
  const call = { signal }
  const datastore = createDatastore(store, ports)
  await ensureInitialized(datastore, { version: calicoVersion, clusterType: 'k8s,<bgp>' }, ports, call)
  const drawn = fc.sample(anyResource, { numRuns: 3_000, seed: 3 })
  for (const kind of Object.keys(kinds) as Kind[])
    for (const resource of drawn.filter((item) => item.kind === kind).slice(0, 6)) {
      const named = kind === 'BlockAffinity' ? { ...resource, metadata: affinityName } : resource
      const metadata = { ...named.metadata, ...(kinds[kind].hasResourceKey && { uid: systemRandom.uuid() }) }
      // Some are drawn with the same name.
      await datastore.create({ ...named, metadata } as OfKind<Kind>, call).catch(() => undefined)
    }
  for (const [key, value] of Object.entries(strange)) await store.compareAndSwap(key, 'absent', value, call)
  await store.compareAndSwap(statusKey, 'absent', '{"uptime":1}', call)
  const more = Array.from({ length: handles }, (_, i) => i)
  while (more.length > 0)
    await Promise.all(
      more.splice(0, 50).map((i) => {
        const value = `{"block":{"10.70.0.0/30":${i}},"deleted":false}`
        return store.compareAndSwap(`${ipam}/handle/h${i}`, 'absent', value, call)
      }),
    )
}

const affinityName = { name: affinityKey({ type: 'host', node: 'node-1', cidr: '10.65.0.0/26' }).name }

/** What has to be the same, as text; the lock apart. */
export async function contents(store: RawStore, signal: AbortSignal): Promise<Readonly<Record<string, string>>> {
  const { entries } = await store.list(migratedRange, { signal })
  const compared = entries.filter(({ key }) => key !== statusKey)
  return Object.fromEntries(compared.map(({ key, value }) => [key, key === clusterKey ? locked(value) : value]))
}

export function locked(value: string): string {
  return value.replace('"datastoreReady":true', '"datastoreReady":false')
}

export function kindsIn(keys: readonly string[]): readonly string[] {
  return [...new Set(keys.flatMap((key) => parseKey(key)?.kind ?? []))].sort()
}
