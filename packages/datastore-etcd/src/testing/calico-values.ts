import type { ResourceKey } from '@tortie/datastore'
import type { Kind, ResourceOf } from '@tortie/model'

export const v3 = '/calico/resources/v3/projectcalico.org'
export const ipam = '/calico/ipam/v2'
const uid = '5f0e1f4c-8a3c-4a0c-9d5e-2f6f6a1b7c3d'
const created = '"creationTimestamp":"2026-08-10T12:00:00Z"'

export interface Stored<K extends Kind = Kind> {
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
export const calicoValues: readonly Stored[] = [
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
