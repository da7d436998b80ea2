import { createDatastore, type Datastore, type OfKind, prefixRange, type ResourceKey } from '@tortie/datastore'
import type { Kind, ResourceOf } from '@tortie/model'
import { silentLog } from '@tortie/runtime'
import { systemClock, systemRandom } from '@tortie/runtime/system'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type EtcdStore, openEtcdStore } from './index.ts'
import { type EtcdServer, startEtcd } from './testing/etcd-server.ts'

const ports = { clock: systemClock, random: systemRandom, log: silentLog }
const call = { signal: new AbortController().signal }
const v3 = '/calico/resources/v3/projectcalico.org'
const ipam = '/calico/ipam/v2'
const uid = '5f0e1f4c-8a3c-4a0c-9d5e-2f6f6a1b7c3d'
const created = '"creationTimestamp":"2026-08-10T12:00:00Z"'

interface Stored<K extends Kind = Kind> {
  readonly key: string
  readonly value: string
  readonly object: ResourceKey<K>
  /** A change, and what it does to the text: all else stays. */
  readonly change: (resource: ResourceOf<K>) => object
  readonly from: string
  readonly to: string
}

const stored = <K extends Kind>(row: Stored<K>): Stored => row as unknown as Stored

/** Values as Calico's Go writes them (spec 01 §2.2, 2.3; 03 §1), with fields that nobody here knows. */
const values: readonly Stored[] = [
  stored({
    key: `${v3}/tiers/security`,
    value: `{"kind":"Tier","apiVersion":"projectcalico.org/v3","metadata":{"name":"security","uid":"${uid}",${created}},"spec":{"order":100,"defaultAction":"Deny","future":{"b":[1,2.5,9007199254740993],"a":null}}}`,
    object: { kind: 'Tier', name: 'security' },
    change: ({ spec }) => ({ spec: { ...spec, order: 200 } }),
    from: '"order":100',
    to: '"order":200',
  }),
  stored({
    key: `${v3}/networkpolicies/prod/allow-dns`,
    value: `{"kind":"NetworkPolicy","apiVersion":"projectcalico.org/v3","metadata":{"name":"allow-dns","namespace":"prod","uid":"${uid}",${created},"labels":{"a":"1","b":"2"},"annotations":{"a.example/note":"\\u003cb\\u003e \\u0026 \\u2028","projectcalico.org/metadata":"{\\"name\\":\\"allow-dns\\"}","z.example/note":"é"}},"spec":{"order":10,"ingress":[{"action":"Allow","protocol":"UDP","source":{"selector":"has(a)"},"destination":{"ports":[53,"1000:2000"]}}],"selector":"app == 'dns'","types":["Ingress"]}}`,
    object: { kind: 'NetworkPolicy', name: 'allow-dns', namespace: 'prod' },
    change: ({ spec }) => ({ spec: { ...spec, selector: "app == 'dns2'" } }),
    from: "app == 'dns'",
    to: "app == 'dns2'",
  }),
  stored({
    key: `${v3}/ippools/default-ipv4-ippool`,
    value: `{"kind":"IPPool","apiVersion":"projectcalico.org/v3","metadata":{"name":"default-ipv4-ippool","uid":"${uid}","generation":3,"creationTimestamp":null},"spec":{"cidr":"10.65.0.0/16","vxlanMode":"Never","ipipMode":"Always","natOutgoing":true,"blockSize":26,"nodeSelector":"all()","allowedUses":["Workload","Tunnel"],"assignmentMode":"Automatic"},"status":{"conditions":[{"type":"Allocatable","status":"True"}]}}`,
    object: { kind: 'IPPool', name: 'default-ipv4-ippool' },
    change: ({ spec }) => ({ spec: { ...spec, natOutgoing: false } }),
    from: '"natOutgoing":true',
    to: '"natOutgoing":false',
  }),
  stored({
    key: `${v3}/workloadendpoints/prod/node--1-k8s-web--0-eth0`,
    value: `{"kind":"WorkloadEndpoint","apiVersion":"projectcalico.org/v3","metadata":{"name":"node--1-k8s-web--0-eth0","generateName":"web-","namespace":"prod","uid":"${uid}",${created},"labels":{"app":"web","projectcalico.org/namespace":"prod"},"ownerReferences":[{"apiVersion":"v1","kind":"Pod","name":"web-0","uid":"${uid}"}],"finalizers":["x/y"]},"spec":{"orchestrator":"k8s","workload":"","node":"node-1","containerID":"abc","pod":"web-0","endpoint":"eth0","ipNetworks":["10.65.0.1/32"],"profiles":["kns.prod","ksa.prod.builder"],"interfaceName":"cali0123456789a","mac":"ee:ee:ee:ee:ee:ee"}}`,
    object: { kind: 'WorkloadEndpoint', name: 'node--1-k8s-web--0-eth0', namespace: 'prod' },
    change: ({ spec }) => ({ spec: { ...spec, mac: 'ee:ee:ee:ee:ee:01' } }),
    from: 'ee:ee:ee:ee:ee:ee',
    to: 'ee:ee:ee:ee:ee:01',
  }),
  stored({
    key: `${v3}/felixconfigurations/node.node-1`,
    value: `{"kind":"FelixConfiguration","apiVersion":"projectcalico.org/v3","metadata":{"name":"node.node-1","uid":"${uid}",${created}},"spec":{"ipipMTU":1440,"reportingInterval":"0s","unknownSetting":18446744073709551615}}`,
    object: { kind: 'FelixConfiguration', name: 'node.node-1' },
    change: ({ spec }) => ({ spec: { ...spec, ipipMTU: 1400 } }),
    from: '1440',
    to: '1400',
  }),
  stored({
    key: `${ipam}/assignment/ipv4/block/10.65.0.0-28`,
    value: `{"cidr":"10.65.0.0/28","affinity":"host:node-1","affinity_claim_time":"2026-08-10T12:00:00Z","allocations":[0,0,1,null,null,null,null,null,null,null,0,0,null,null,null,null],"unallocated":[3,4,5,6,7,8,9,12,13,14,15],"attributes":[{"handle_id":"k8s-pod-network.c1","secondary":{"namespace":"default","node":"node-1","pod":"web-0","timestamp":"2026-08-10 12:00:00.123456789 +0000 UTC"}},{"releasedAt":"2026-08-10T12:05:00Z"}],"sequenceNumber":1754827200123456791,"sequenceNumberForAllocation":{"0":1754827200123456789,"1":1754827200123456789,"10":1754827200123456789,"11":1754827200123456789,"2":18446744073709551615},"deleted":false,"hostAffinity":null}`,
    object: { kind: 'IPAMBlock', name: '10-65-0-0-28' },
    change: ({ spec }) => ({ spec: { ...spec, sequenceNumber: spec.sequenceNumber + 1n } }),
    from: '1754827200123456791',
    to: '1754827200123456792',
  }),
  stored({
    key: `${ipam}/assignment/ipv6/block/fd00::-122`,
    value: `{"cidr":"fd00::/122","affinity":null,"allocations":[${'null,'.repeat(63)}null],"unallocated":[${Array.from({ length: 64 }, (_, i) => i)}],"attributes":[],"sequenceNumber":1754827200123456791,"sequenceNumberForAllocation":{},"deleted":false}`,
    object: { kind: 'IPAMBlock', name: 'fd00---122' },
    change: ({ spec }) => ({ spec: { ...spec, affinity: 'host:node-2' } }),
    from: '"affinity":null',
    to: '"affinity":"host:node-2"',
  }),
  stored({
    key: `${ipam}/host/node-1/ipv4/block/10.65.0.0-28`,
    value: '{"state":"confirmed","deleted":false}',
    object: { kind: 'BlockAffinity', name: 'host:node-1:10-65-0-0-28' },
    change: ({ spec }) => ({ spec: { ...spec, state: 'pendingDeletion' } }),
    from: 'confirmed',
    to: 'pendingDeletion',
  }),
  stored({
    key: `${ipam}/handle/k8s-pod-network.C1`,
    value: '{"block":{"10.65.0.0/28":1,"fd00::/122":2},"deleted":false,"future":[true]}',
    object: { kind: 'IPAMHandle', name: 'k8s-pod-network.C1' },
    change: ({ spec }) => ({ spec: { ...spec, block: { ...spec.block, '10.65.0.0/28': 3 } } }),
    from: '"10.65.0.0/28":1',
    to: '"10.65.0.0/28":3',
  }),
  stored({
    key: `${ipam}/config`,
    value:
      '{"strict_affinity":true,"auto_allocate_blocks":true,"maxBlocksPerHost":20,"kubeVirtVMAddressPersistence":"Enabled"}',
    object: { kind: 'IPAMConfig', name: 'default' },
    change: ({ spec }) => ({ spec: { ...spec, maxBlocksPerHost: 21 } }),
    from: '20',
    to: '21',
  }),
]

describe('an etcd that Calico filled', () => {
  let server: EtcdServer
  let raw: EtcdStore
  let store: Datastore
  beforeAll(async () => {
    server = await startEtcd()
    raw = await openEtcdStore({ endpoints: [server.endpoint], ...ports }, call)
    store = createDatastore(raw, ports)
  })
  afterAll(async () => {
    await store[Symbol.asyncDispose]()
    await server[Symbol.asyncDispose]()
  })
  beforeEach(async () => {
    for (const { key, value } of values) await raw.put(key, value, {}, call)
  })
  const text = async (key: string): Promise<string | undefined> => (await raw.get(key, call))?.value

  it.each(values)('$key: comes back byte for byte, but for what was changed', async (row) => {
    const resource = await store.get(row.object, call)
    await store.update(resource as OfKind<Kind>, call)
    expect(await text(row.key)).toBe(row.value)
    const again = await store.get(row.object, call)
    await store.update({ ...again, ...row.change(again as never) } as OfKind<Kind>, call)
    expect(row.value.split(row.from)).toHaveLength(2)
    expect(await text(row.key)).toBe(row.value.replace(row.from, row.to))
    const others = (await raw.list(prefixRange('/calico/'), call)).entries.filter(({ key }) => key !== row.key)
    expect(new Map(others.map(({ key, value }) => [key, value]))).toEqual(
      new Map(values.filter(({ key }) => key !== row.key).map(({ key, value }) => [key, value])),
    )
  })

  it('is found by listings of each kind, deleted by key and revision, and made again the same', async () => {
    for (const { key, value, object } of values) {
      const { items } = await store.list({ kind: object.kind }, call)
      const found = items.filter(({ metadata }) => metadata.name === object.name)
      expect(found).toHaveLength(1)
      const { metadata } = await store.get(object, call)
      const was = await store.delete(object, { revision: metadata.resourceVersion ?? '' }, call)
      expect(await text(key)).toBeUndefined()
      await store.create(was as OfKind<Kind>, call)
      expect(await text(key)).toBe(value)
    }
  })

  it('does not lose digits of revisions, nor take key 0 for one that is not there', async () => {
    const [{ key } = { key: '' }] = values
    const expected = { revision: '9223372036854775807' }
    expect(await raw.compareAndSwap(key, expected, 'x', call)).toMatchObject({ done: false, current: { key } })
    expect(await raw.compareAndSwap('/none', { revision: '0' }, 'x', call)).toEqual({ done: false })
    expect(await raw.get('/none', call)).toBeUndefined()
  })

  it('a key with a time to live goes by itself, and watchers see it', async () => {
    const key = '/calico/felix/v2/no-region/host/node-1/status'
    const after = await raw.put(key, '{}', { ttlSeconds: 1 }, call)
    const watch = raw.watch(prefixRange(key), after, call)[Symbol.asyncIterator]()
    await watch.next() // at once, with nothing
    expect((await watch.next()).value).toMatchObject({ events: [{ type: 'delete', key }] })
    await watch.return?.()
    await expect(raw.put(key, '{}', { ttlSeconds: 0.5 }, call)).rejects.toThrow('whole seconds above 0')
  })

  it('a value that etcd does not take is refused for good, and says why', async () => {
    await expect(raw.put('/large', 'x'.repeat(3_000_000), {}, call)).rejects.toMatchObject({
      code: 'etcd/refused',
      retryable: false,
      message: expect.stringMatching(/request is too large|larger than max.*; make the object smaller/),
    })
  })
})
