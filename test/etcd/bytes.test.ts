/** What Calico wrote to etcd is read, changed and written back, and no byte is touched that was not meant to be. */
import { createClient, createDatastore, prefixRange } from '@tortie/datastore'
import { type EtcdStore, openEtcdStore } from '@tortie/datastore-etcd'
import { createIpam } from '@tortie/ipam'
import { kinds } from '@tortie/model'
import { silentLog } from '@tortie/runtime'
import { systemClock, systemRandom } from '@tortie/runtime/system'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { run } from '../../apps/ctl/src/testing/transcript.ts'
import { calicoValues, ipam, v3 } from '../../packages/datastore-etcd/src/testing/calico-values.ts'
import { type EtcdServer, startEtcd } from '../../packages/datastore-etcd/src/testing/etcd-server.ts'

const call = { signal: new AbortController().signal }
const ports = { clock: systemClock, random: systemRandom, log: silentLog }
const block = `${ipam}/assignment/ipv4/block/10.66.0.0-29`

/** Shapes of older releases, keys of others, and what nobody can read. */
const others: Readonly<Record<string, string>> = {
  [`${v3}/globalnetworkpolicies/default.old`]: `{"kind":"GlobalNetworkPolicy","apiVersion":"projectcalico.org/v3","metadata":{"name":"default.old","uid":"1","creationTimestamp":"2020-08-10T12:00:00Z"},"spec":{"order":10,"ingress":[{"action":"Allow","source":{},"destination":{}}],"selector":"all()","types":["Ingress"]}}`,
  [`${v3}/networkpolicies/prod/knp.default.web`]: `{"kind":"NetworkPolicy","apiVersion":"projectcalico.org/v3","metadata":{"name":"knp.default.web","namespace":"prod","uid":"2","creationTimestamp":null},"spec":{"order":1000,"selector":"projectcalico.org/orchestrator == 'k8s'","types":["Ingress"]}}`,
  [`${v3}/clusterinformations/default`]: `{"kind":"ClusterInformation","apiVersion":"projectcalico.org/v3","metadata":{"name":"default","uid":"3","creationTimestamp":"2020-08-10T12:00:00Z"},"spec":{"clusterGUID":"0123456789abcdef0123456789abcdef","clusterType":"k8s,bgp","calicoVersion":"v3.32.0","datastoreReady":true,"variant":"Calico"}}`,
  [`${v3}/ipamconfigurations/default`]: `{"kind":"IPAMConfiguration","apiVersion":"projectcalico.org/v3","metadata":{"name":"default","creationTimestamp":null},"spec":{"strictAffinity":true}}`,
  [`${v3}/blockaffinities/node-1-10-65-0-0-28`]: `{"kind":"BlockAffinity","apiVersion":"projectcalico.org/v3","metadata":{"name":"node-1-10-65-0-0-28","creationTimestamp":null},"spec":{"state":"confirmed","node":"node-1","cidr":"10.65.0.0/28","deleted":""}}`,
  [`${v3}/nodes/node-1`]: `{"kind":"Node","apiVersion":"projectcalico.org/v3","metadata":{"name":"node-1","uid":"4","creationTimestamp":"2020-08-10T12:00:00Z"},"spec":{"bgp":{"ipv4Address":"192.0.2.1/24","ipv4IPIPTunnelAddr":"10.65.0.2","futureAS":18446744073709551615},"orchRefs":[{"nodeName":"node-1","orchestrator":"k8s"}]},"status":{"wireguardPublicKey":"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="}}`,
  [`${v3}/globalnetworkpolicies/full`]: `{"kind":"GlobalNetworkPolicy","apiVersion":"projectcalico.org/v3","metadata":{"name":"full","uid":"6","creationTimestamp":"2026-08-10T12:00:00Z","labels":{"projectcalico.org/tier":"security"},"annotations":{"projectcalico.org/metadata":"{\\"name\\":\\"full\\"}"}},"spec":{"tier":"security","order":10.5,"ingress":[{"action":"Allow","protocol":"TCP","destination":{"ports":[80,"http"]}}],"selector":"a == 'b'","types":["Ingress"]}}`,
  ...Object.fromEntries(
    Object.entries({
      default: [1000000, 'Deny'],
      'kube-admin': [1000, 'Pass'],
      'kube-baseline': [10000000, 'Pass'],
    }).map(([name, [order, action]]) => [
      `${v3}/tiers/${name}`,
      `{"kind":"Tier","apiVersion":"projectcalico.org/v3","metadata":{"name":"${name}","uid":"7","creationTimestamp":"2026-08-10T12:00:00Z"},"spec":{"order":${order},"defaultAction":"${action}"}}`,
    ]),
  ),
  [`${v3}/tiers/broken`]: '{"kind":"Tier","metadata"',
  [`${v3}/tiers/too/deep`]: '{}',
  [`${v3}/ippools/small`]: `{"kind":"IPPool","apiVersion":"projectcalico.org/v3","metadata":{"name":"small","uid":"5","creationTimestamp":"2020-08-10T12:00:00Z"},"spec":{"cidr":"10.66.0.0/24","blockSize":29,"nodeSelector":"all()"}}`,
  [`${ipam}/assignment/ipv4/block/10.66.0.0-29`]: `{"cidr":"10.66.0.0/29","affinity":"host:node-1","affinity_claim_time":"2026-08-10T12:00:00Z","allocations":[0,null,1,null,null,null,null,null],"unallocated":[3,4,5,6,7,1],"attributes":[{"handle_id":"k8s-pod-network.C1","secondary":{"namespace":"default","node":"node-1","pod":"web-0"},"alternateOwnerAttrs":{"node":"node-2"}},{"handle_id":"tunnel","secondary":{"node":"node-1","type":"ipipTunnelAddress"}}],"sequenceNumber":1754827200123456791,"sequenceNumberForAllocation":{"0":1754827200123456789,"2":9223372036854775809},"deleted":false,"future":{"n":18446744073709551615}}`,
  [`${ipam}/host/node-1/ipv4/block/10.66.0.0-29`]: '{"state":"confirmed","deleted":false}',
  [`${ipam}/handle/tunnel`]: '{"block":{"10.66.0.0/29":1},"deleted":false,"future":9007199254740993}',
  [`${ipam}/assignment/ipv4/block/10.66.0.8-29`]: `{"cidr":"10.66.0.8/29","affinity":"host:node-1","strictAffinity":false,"allocations":[0,null,null,null,null,null,null,null],"unallocated":[1,2,3,4,5,6,7],"attributes":[{"handle_id":"old","secondary":null}]}`,
  [`${ipam}/host/node-1/ipv4/block/10.66.0.8-29`]: '',
  [`${ipam}/host/node-1`]: '{}',
  [`${ipam}/handle/old`]: '{"block":{"10.66.0.8/29":1}}',
  '/calico/felix/v2/no-region/host/node-1/last_reported_status': '{"time":"2026-08-10T12:00:00Z","uptime":1.5e3}',
  '/calico/v1/Ready': 'true',
  '/calico/dhcp/v2/no-region/subnet/a': '{"gateway_ip": "10.65.0.1"}',
  '/registry/pods/a': 'k8s\u0000',
}
const filled = new Map([...Object.entries(others), ...calicoValues.map(({ key, value }) => [key, value] as const)])

let server: EtcdServer
let raw: EtcdStore
beforeAll(async () => {
  server = await startEtcd()
  raw = await openEtcdStore({ endpoints: [server.endpoint], ...ports }, call)
})
afterAll(async () => {
  await raw?.[Symbol.asyncDispose]()
  await server?.[Symbol.asyncDispose]()
})
beforeEach(async () => {
  for (const { key } of (await raw.list(prefixRange('/'), call)).entries)
    await raw.compareAndSwap(key, 'present', undefined, call)
  for (const [key, value] of filled) await raw.put(key, value, {}, call)
})

/** Keys whose bytes are other ones than before, with what is there now. */
async function changed(): Promise<Record<string, string | undefined>> {
  const now = new Map((await raw.list(prefixRange('/'), call)).entries.map(({ key, value }) => [key, value]))
  const keys = new Set([...filled.keys(), ...now.keys()])
  return Object.fromEntries([...keys].flatMap((key) => (now.get(key) === filled.get(key) ? [] : [[key, now.get(key)]])))
}

/** With the only place of it replaced. */
function replaced(text: string, from: string, to: string): string {
  const parts = text.split(from)
  expect(parts, `${from} once in ${text}`).toHaveLength(2)
  return parts.join(to)
}

async function tortiectl(args: readonly string[], input = ''): Promise<string> {
  const environment = { DATASTORE_TYPE: 'etcdv3', ETCD_ENDPOINTS: server.endpoint }
  const { code, stdout, stderr } = await run(args, { environment, input })
  expect([code, stderr]).toEqual([0, ''])
  return stdout
}

type Change = readonly [from: string, to: string]
const time = '"creationTimestamp":"2026-08-10T12:00:00Z"'
const tier = `${v3}/tiers/security`
const policy = `${v3}/globalnetworkpolicies/full`
const oldPolicy = `${v3}/globalnetworkpolicies/default.old`

async function expectChange(key: string, ...changes: readonly Change[]): Promise<void> {
  let expected = filled.get(key) ?? ''
  for (const [from, to] of changes) expected = replaced(expected, from, to)
  expect(await changed()).toEqual({ [key]: expected })
}

describe('tortiectl', () => {
  it('reads everything and touches nothing', async () => {
    const before = await raw.list(prefixRange('/'), call)
    for (const { kind, plural, namespaced, hasResourceKey } of Object.values(kinds))
      if (hasResourceKey && kind !== 'LiveMigration')
        await tortiectl(['get', plural, ...(namespaced ? ['-A'] : []), '-o', 'yaml'])
    await tortiectl(['ipam', 'show', '--show-blocks'])
    await tortiectl(['ipam', 'check'])
    expect(await raw.list(prefixRange('/'), call)).toEqual(before)
  })

  it.each<{ readonly command: string; readonly key: string; readonly changes: readonly Change[] }>([
    { command: 'label tiers security a=b', key: tier, changes: [[time, `${time},"labels":{"a":"b"}`]] },
    { command: 'label gnp full a=b', key: policy, changes: [['"labels":{', '"labels":{"a":"b",']] },
    {
      command: 'patch tier security -p {"spec":{"order":101}}',
      key: tier,
      changes: [['"order":100', '"order":101']],
    },
    { command: 'patch gnp full -p {"spec":{"order":11}}', key: policy, changes: [['10.5', '11']] },
    {
      command: 'patch node node-1 -p {"spec":{"bgp":{"ipv4Address":"192.0.2.9/24"}}}',
      key: `${v3}/nodes/node-1`,
      changes: [['192.0.2.1/24', '192.0.2.9/24']],
    },
    {
      command: 'datastore migrate lock',
      key: `${v3}/clusterinformations/default`,
      changes: [['Ready":true', 'Ready":false']],
    },
  ])('$command: changes what it names, and keeps what it does not know', async ({ command, key, changes }) => {
    await tortiectl(command.split(' '))
    await expectChange(key, ...changes)
  })

  // Its name stays `old` to Calico, which takes the tier off: no annotation says otherwise.
  it('writes a policy of an older release as Calico does now, under its old name', async () => {
    await tortiectl(['patch', 'gnp', 'default.old', '-p', '{"spec":{"order":20}}'])
    await expectChange(
      oldPolicy,
      ['00Z"', '00Z","labels":{"projectcalico.org/tier":"default"}'],
      ['"order":10', '"tier":"default","order":20'],
      [',"source":{},"destination":{}', ''],
    )
  })

  it.each([['gnp full'], ['tier default']])('get %s | replace: identity', async (what) => {
    const text = await tortiectl(['get', ...what.split(' '), '-o', 'yaml'])
    const environment = { DATASTORE_TYPE: 'etcdv3', ETCD_ENDPOINTS: server.endpoint }
    await run(['replace', '-f', '-'], { environment, input: text })
    expect(await changed()).toEqual({})
  })

  it('deletes one key', async () => {
    await tortiectl(['delete', 'gnp', 'full'])
    expect(await changed()).toEqual({ [policy]: undefined })
  })

  it('releases an address from a block of 64-bit numbers', async () => {
    await tortiectl(['ipam', 'release', '--ip=10.66.0.2'])
    expect(await changed()).toEqual({
      [`${ipam}/handle/tunnel`]: undefined,
      [block]: [
        ['[0,null,1,null', '[0,null,null,null'],
        ['[3,4,5,6,7,1]', '[3,4,5,6,7,1,2]'],
        [',{"handle_id":"tunnel","secondary":{"node":"node-1","type":"ipipTunnelAddress"}}', ''],
        ['1754827200123456791', '1754827200123456792'],
        [',"2":9223372036854775809', ''],
      ].reduce((text, [from = '', to = '']) => replaced(text, from, to), filled.get(block) ?? ''),
    })
  })
})

describe('the typed client', () => {
  it('changes a field and keeps fields that it does not know, numbers of 64 bits among them', async () => {
    const datastore = createDatastore(raw, ports)
    const client = createClient(datastore, { ...ports, ipam: createIpam({ datastore, ...ports }) })
    const security = await client.tiers.get({ name: 'security' }, call)
    await client.tiers.update({ ...security, spec: { ...security.spec, defaultAction: 'Pass' } }, call)
    await expectChange(tier, ['"defaultAction":"Deny"', '"defaultAction":"Pass"'])
  })

  it('takes an address from a block, and from one of an old release', async () => {
    const assigner = createIpam({ datastore: createDatastore(raw, ports), ...ports })
    const assign = (address: string, handle: string): Promise<unknown> =>
      assigner.assignIp({ address, handle, host: 'node-1', attributes: { node: 'node-1', pod: 'b' } }, call)
    await assign('10.66.0.5', 'k8s-pod-network.new')
    const attribute = '{"handle_id":"k8s-pod-network.new","secondary":{"node":"node-1","pod":"b"}}'
    const taken = [
      ['[0,null,1,null,null,null', '[0,null,1,null,null,2'],
      ['[3,4,5,6,7,1]', '[3,4,6,7,1]'],
      ['"type":"ipipTunnelAddress"}}', `"type":"ipipTunnelAddress"}},${attribute}`],
      ['"2":9223372036854775809', '"2":9223372036854775809,"5":1754827200123456791'],
      ['r":1754827200123456791', 'r":1754827200123456792'],
    ].reduce((text, [from = '', to = '']) => replaced(text, from, to), filled.get(block) ?? '')
    const handle = '{"block":{"10.66.0.0/29":1},"deleted":false}'
    expect(await changed()).toEqual({ [block]: taken, [`${ipam}/handle/k8s-pod-network.new`]: handle })

    await assign('10.66.0.11', 'old')
    expect(await changed()).toEqual({
      [block]: taken,
      [`${ipam}/handle/k8s-pod-network.new`]: handle,
      // Calico adds these fields too; what it no longer knows, and would drop, is kept at the end.
      [`${ipam}/assignment/ipv4/block/10.66.0.8-29`]:
        '{"cidr":"10.66.0.8/29","affinity":"host:node-1","allocations":[0,null,null,1,null,null,null,null],"unallocated":[1,2,4,5,6,7],"attributes":[{"handle_id":"old","secondary":null},{"handle_id":"old","secondary":{"node":"node-1","pod":"b"}}],"sequenceNumber":1,"sequenceNumberForAllocation":{"3":0},"deleted":false,"strictAffinity":false}',
      [`${ipam}/handle/old`]: '{"block":{"10.66.0.8/29":2},"deleted":false}',
    })
  })
})
