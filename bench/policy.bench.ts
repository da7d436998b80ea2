/**
 * The policy engine at 10,000 policies, 50,000 endpoints of other nodes and 250 of this one: first calculation, single
 * changes, heap. The reference evaluates every selector against every endpoint, as an engine without an index would.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { AnyResource, GlobalNetworkPolicy, NetworkPolicy, Profile, Tier, WorkloadEndpoint } from '@tortie/model'
import { compileSelector, lookupIn, parseSelector } from '@tortie/model'
import { createPolicyEngine, type PolicyEngine } from '@tortie/policy'
import { silentLog } from '@tortie/runtime'
import { type BenchRow, median, quantile } from './row.ts'

const scale = { policies: 10_000, remote: 50_000, local: 250, namespaces: 200, appsPerNamespace: 20 } as const
const apiVersion = 'projectcalico.org/v3'
const node = 'node-0'

/** Numerical Recipes' generator: the same world in every run. */
function dice(seed: number): (sides: number) => number {
  let state = seed
  return (sides) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * sides)
  }
}

interface World {
  readonly endpoints: readonly WorkloadEndpoint[]
  readonly policies: readonly (NetworkPolicy | GlobalNetworkPolicy)[]
  readonly others: readonly AnyResource[]
}

function endpoint(i: number, on: string, roll: (sides: number) => number): WorkloadEndpoint {
  const namespace = `ns-${roll(scale.namespaces)}`
  const app = `app-${roll(scale.appsPerNamespace)}`
  const labels: Record<string, string> = {
    app,
    'pod-template-hash': `${namespace}-${app}`,
    'app.kubernetes.io/instance': app,
    'app.kubernetes.io/managed-by': 'helm',
    team: `team-${roll(1000) % 7}`,
    // Every fifth pod belongs to a StatefulSet, and no other has its labels.
    ...(i % 5 === 0 && { 'statefulset.kubernetes.io/pod-name': `${app}-${i}` }),
  }
  const address = `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}/32`
  return {
    apiVersion,
    kind: 'WorkloadEndpoint',
    metadata: { name: `${on}-k8s-${app}--${i}-eth0`, namespace, labels },
    spec: {
      node: on,
      orchestrator: 'k8s',
      interfaceName: `cali${i}`,
      ipNetworks: [address, `fd00::${(i >> 16).toString(16)}:${(i & 0xffff).toString(16)}/128`],
      profiles: [`kns.${namespace}`, `ksa.${namespace}.default`],
      serviceAccountName: 'default',
      ports: [{ name: 'http', protocol: 'TCP', port: 8080 }],
    },
  }
}

function networkPolicy(i: number, roll: (sides: number) => number): NetworkPolicy {
  const from = (): string => `app == 'app-${roll(scale.appsPerNamespace)}'`
  return {
    apiVersion,
    kind: 'NetworkPolicy',
    metadata: { name: `policy-${i}`, namespace: `ns-${i % scale.namespaces}` },
    spec: {
      tier: 'default',
      order: roll(100),
      selector: from(),
      types: ['Ingress', 'Egress'],
      ingress: [
        { action: 'Allow', protocol: 'TCP', source: { selector: from() }, destination: { ports: [8080] } },
        {
          action: 'Allow',
          protocol: 'TCP',
          source: { selector: `team == 'team-${roll(7)}'`, namespaceSelector: `env == 'env-${roll(10)}'` },
          destination: { ports: ['http'] },
        },
      ],
      egress: [{ action: 'Allow', destination: { selector: from() } }],
    },
  }
}

function globalPolicy(i: number, roll: (sides: number) => number): GlobalNetworkPolicy {
  return {
    apiVersion,
    kind: 'GlobalNetworkPolicy',
    metadata: { name: `global-${i}` },
    spec: {
      tier: 'platform',
      order: roll(100),
      selector:
        i % 100 === 0 ? 'has(app)' : `app == 'app-${roll(scale.appsPerNamespace)}' && team == 'team-${roll(7)}'`,
      namespaceSelector: i % 100 === 0 ? '' : `projectcalico.org/name == 'ns-${roll(scale.namespaces)}'`,
      types: ['Ingress'],
      ingress: [
        { action: 'Allow', protocol: 'UDP', source: { selector: `team == 'team-${roll(7)}'` } },
        { action: 'Pass' },
      ],
    },
  }
}

function world(): World {
  const roll = dice(7)
  const namespaces = Array.from({ length: scale.namespaces }, (_, i) => `ns-${i}`)
  const profiles = namespaces.flatMap((namespace, i): Profile[] => [
    {
      apiVersion,
      kind: 'Profile',
      metadata: { name: `kns.${namespace}` },
      spec: {
        ingress: [{ action: 'Allow' }],
        egress: [{ action: 'Allow' }],
        labelsToApply: { 'pcns.projectcalico.org/name': namespace, 'pcns.env': `env-${i % 10}` },
      },
    },
    {
      apiVersion,
      kind: 'Profile',
      metadata: { name: `ksa.${namespace}.default` },
      spec: { labelsToApply: { 'pcsa.projectcalico.org/name': 'default' } },
    },
  ])
  const tiers: Tier[] = ['default', 'platform'].map((name, i) => ({
    apiVersion,
    kind: 'Tier',
    metadata: { name },
    spec: { order: 1000 - i, defaultAction: i === 0 ? 'Deny' : 'Pass' },
  }))
  const all = scale.remote + scale.local
  return {
    endpoints: Array.from({ length: all }, (_, i) => endpoint(i, i < scale.local ? node : `node-${i % 500}-x`, roll)),
    policies: Array.from({ length: scale.policies }, (_, i) =>
      i % 5 === 0 ? globalPolicy(i, roll) : networkPolicy(i, roll),
    ),
    others: [...profiles, ...tiers],
  }
}

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

function heapMb(): number {
  collect()
  return process.memoryUsage().heapUsed / 2 ** 20
}

function load(engine: PolicyEngine, { endpoints, policies, others }: World): void {
  for (const item of [...others, ...policies, ...endpoints]) engine.apply({ type: 'put', item })
}

function timed(work: () => void): number {
  const start = performance.now()
  work()
  return performance.now() - start
}

/** Milliseconds of `apply` and `flush` for each of `changes`. */
function latencies(engine: PolicyEngine, changes: readonly AnyResource[]): number[] {
  return changes.map((item) =>
    timed(() => {
      engine.apply({ type: 'put', item })
      engine.flush()
    }),
  )
}

/** Every policy against every local endpoint, then every selector of a policy in use against every endpoint. */
function naiveMs({ endpoints, policies, others }: World): number {
  const inherited = new Map(
    others.flatMap((item) => (item.kind === 'Profile' ? [[item.metadata.name, item.spec.labelsToApply ?? {}]] : [])),
  )
  return timed(() => {
    const holders = endpoints.map(({ metadata, spec }) => ({
      isLocal: spec.node === node,
      addresses: spec.ipNetworks ?? [],
      labels: lookupIn({
        ...Object.assign({}, ...(spec.profiles ?? []).map((name) => inherited.get(name))),
        ...metadata.labels,
        'projectcalico.org/namespace': metadata.namespace ?? '',
      }),
    }))
    const local = holders.filter(({ isLocal }) => isLocal)
    const sets = new Map<string, Set<string>>()
    for (const { metadata, spec } of policies) {
      const scope = metadata.namespace ? ` && projectcalico.org/namespace == '${metadata.namespace}'` : ''
      const matches = compileSelector(parseSelector(`(${spec.selector || 'all()'})${scope}`))
      if (!local.some(({ labels }) => matches(labels))) continue
      for (const { source, destination } of [...(spec.ingress ?? []), ...(spec.egress ?? [])])
        for (const selector of [source?.selector, destination?.selector]) {
          const text = `(${selector})${scope}`
          if (selector === undefined || sets.has(text)) continue
          const isMember = compileSelector(parseSelector(text))
          const members = holders.filter(({ labels }) => isMember(labels))
          sets.set(text, new Set(members.flatMap(({ addresses }) => addresses)))
        }
    }
  })
}

const changes = 1000

function relabelled({ endpoints }: World): WorkloadEndpoint[] {
  const roll = dice(11)
  return Array.from({ length: changes }, () => {
    const found = endpoints[scale.local + roll(scale.remote)] as WorkloadEndpoint
    const labels = { ...found.metadata.labels, app: `app-${roll(scale.appsPerNamespace)}` }
    return { ...found, metadata: { ...found.metadata, labels } }
  })
}

/** Only of policies that this node enforces. */
function edited({ policies }: World, enforced: ReadonlyMap<string, unknown>): AnyResource[] {
  const roll = dice(13)
  const here = policies.filter(({ metadata: { namespace, name } }) =>
    enforced.has(namespace ? `np/${namespace}/${name}` : `gnp/${name}`),
  )
  return Array.from({ length: changes }, () => {
    const found = here[roll(here.length)] as NetworkPolicy
    const allow = { action: 'Allow' as const, source: { selector: `app == 'app-${roll(scale.appsPerNamespace)}'` } }
    return { ...found, spec: { ...found.spec, ingress: [allow, ...(found.spec.ingress ?? [])] } }
  })
}

function added(): WorkloadEndpoint[] {
  const roll = dice(17)
  return Array.from({ length: changes }, (_, i) => endpoint(200_000 + i, 'node-9-x', roll))
}

export async function run(): Promise<BenchRow[]> {
  const made = world()
  const cold = [0, 1, 2].map(() => {
    const engine = createPolicyEngine({ node, log: silentLog })
    return timed(() => {
      load(engine, made)
      engine.flush()
    })
  })
  const naive = naiveMs(made)
  const before = heapMb()
  const engine = createPolicyEngine({ node, log: silentLog })
  load(engine, made)
  engine.flush()
  const heap = heapMb() - before
  const size = '10k policies × 50k + 250 endpoints'
  const single = (name: string, ms: readonly number[]): BenchRow[] => [
    {
      name: `policy: ${name}, p50`,
      ours: median(ms),
      unit: 'ms',
      ...against('all again, no index', naive, median(ms)),
    },
    { name: `policy: ${name}, p99`, ours: quantile(ms, 0.99), unit: 'ms' },
  ]
  return [
    {
      name: `policy: first calculation, ${size}`,
      ours: median(cold),
      unit: 'ms',
      ...against('no index', naive, median(cold)),
    },
    { name: 'policy: heap of the engine beside the resources', ours: heap, unit: 'MB' },
    ...single('other labels on a remote endpoint', latencies(engine, relabelled(made))),
    ...single('edit of a policy in use', latencies(engine, edited(made, engine.program().policies))),
    ...single('new remote endpoint', latencies(engine, added())),
  ]
}

function against(name: string, value: number, ours: number): Pick<BenchRow, 'reference' | 'ratio'> {
  return { reference: { name: `${name}, ms`, value }, ratio: ours / value }
}
