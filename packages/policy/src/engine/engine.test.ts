import type { EndpointProgram } from '@tortie/dataplane'
import type { AnyResource } from '@tortie/model'
import { parseSelector, selectorId } from '@tortie/model'
import { silentLog } from '@tortie/runtime'
import { recordingLog } from '@tortie/runtime/testing'
import { describe, expect, it } from 'vitest'
import { change, engineWith, put, remove } from '../testing/engine-steps.ts'
import { gnp, networkSet, np, openProfile, pod, profile, tier } from '../testing/resources.ts'
import { createPolicyEngine, type PolicyEngine } from './engine.ts'

function endpointOf(engine: PolicyEngine, id = 'prod/web'): EndpointProgram | undefined {
  engine.flush()
  return engine.program().endpoints.get(id)
}

const s = (selector: string): string => selectorId(parseSelector(selector))
const web = pod('prod/web', '10.0.0.1', { app: 'web' })
const allow = [{ action: 'Allow' as const }]

describe('an endpoint', () => {
  it('has its interface, addresses in canonical form, and profiles in order', () => {
    const engine = engineWith(
      pod(
        'prod/web',
        '10.0.0.1',
        {},
        {
          ipNetworks: ['10.0.0.1', 'FD00::0001/128', '10.0.0.1/32'],
          mac: 'EE-EE-EE-EE-EE-EE',
          profiles: ['b', 'a', 'b'],
        },
      ),
    )
    expect(endpointOf(engine)).toEqual({
      kind: 'workload',
      interface: 'cali-web',
      active: true,
      mac: 'ee:ee:ee:ee:ee:ee',
      addresses: ['10.0.0.1/32', 'fd00::1/128'],
      spoofablePrefixes: [],
      ingress: [],
      egress: [],
      profiles: ['pro/b', 'pro/a'],
    })
  })

  it('is there only if it is on this node', () => {
    const engine = engineWith(pod('prod/web', '10.0.0.1', {}, { node: 'n2' }))
    expect(endpointOf(engine)).toBeUndefined()
    expect(endpointOf(engineWith(web))).toBeDefined()
    expect(change(engine, web).endpoints.get('prod/web')).toMatchObject({ interface: 'cali-web' })
    expect(change(engine, pod('prod/web', '10.0.0.1', {}, { node: 'n2' })).endpoints.get('prod/web')).toBeNull()
  })

  it('that wants to send from other addresses is left out unless that is allowed', () => {
    const spoofer = pod('prod/web', '10.0.0.1', {}, { allowSpoofedSourcePrefixes: ['192.0.2.7/24'] })
    const closed = engineWith(spoofer)
    expect(endpointOf(closed)).toBeUndefined()
    expect(closed.problems()).toEqual([
      expect.objectContaining({
        subject: 'WorkloadEndpoint(prod/web)',
        why: expect.stringContaining('WorkloadSourceSpoofing=Any'),
      }),
    ])
    const open = createPolicyEngine({ node: 'n1', log: silentLog, sourceSpoofing: true })
    put(open, spoofer)
    expect(endpointOf(open)?.spoofablePrefixes).toEqual(['192.0.2.0/24'])
  })

  it('gives way to a smaller id with the same interface, and comes back', () => {
    const first = pod('prod/a', '10.0.0.1', {}, { interfaceName: 'cali1' })
    const second = pod('prod/b', '10.0.0.2', {}, { interfaceName: 'cali1' })
    const engine = engineWith(second)
    expect(engine.flush().endpoints.get('prod/b')).toBeTruthy()
    expect(change(engine, first).endpoints).toEqual(
      new Map([
        ['prod/a', expect.anything()],
        ['prod/b', null],
      ]),
    )
    expect(engine.problems()[0]?.why).toContain('cali1 belongs to prod/a')
    expect(remove(engine, first).endpoints).toEqual(
      new Map([
        ['prod/a', null],
        ['prod/b', expect.anything()],
      ]),
    )
    expect(engine.problems()).toEqual([])
  })

  it('whose resource turns invalid is taken out, with its address', () => {
    const rule = { action: 'Allow' as const, source: { selector: "app == 'web'" } }
    const engine = engineWith(web, pod('prod/db', '10.0.0.2', { app: 'db' }), gnp('p', { ingress: [rule] }))
    engine.flush()
    const delta = change(engine, { ...web, spec: { ...web.spec, interfaceName: '' } })
    expect(delta.endpoints.get('prod/web')).toBeNull()
    expect(delta.ipSets.get(s("app == 'web'"))).toEqual({ op: 'change', added: [], removed: ['10.0.0.1/32'] })
    expect(engine.problems()).toHaveLength(1)
  })
})

describe('tiers and policies', () => {
  const tiersOf = (engine: PolicyEngine, direction: 'ingress' | 'egress' = 'ingress') =>
    endpointOf(engine)?.[direction].map(({ name, policies, defaultAction }) => [name, defaultAction, ...policies])

  it('are in order: tiers by order and name, those that do not exist last; policies by order, name, namespace, kind', () => {
    const types = ['Ingress' as const]
    const engine = engineWith(
      web,
      tier('late', { order: 200, defaultAction: 'Pass' }),
      tier('early', { order: 100 }),
      tier('also', { order: 100, defaultAction: 'Deny' }),
      gnp('z', { tier: 'early', order: 2, types }),
      gnp('a', { tier: 'early', types }),
      gnp('y', { tier: 'early', order: 2, types }),
      np('prod/y', { tier: 'early', order: 2, types }),
      np('prod/n', { tier: 'early', order: -1, types }),
      gnp('x', { tier: 'also', types }),
      gnp('w', { tier: 'late', types }),
      gnp('v', { tier: 'none', types }),
      gnp('u', { types }),
    )
    expect(tiersOf(engine)).toEqual([
      ['also', 'deny', 'gnp/x'],
      ['early', 'deny', 'np/prod/n', 'gnp/y', 'np/prod/y', 'gnp/z', 'gnp/a'],
      ['late', 'pass', 'gnp/w'],
      ['default', 'deny', 'gnp/u'],
      ['none', 'deny', 'gnp/v'],
    ])
    expect(tiersOf(engine, 'egress')).toEqual([])
  })

  it('change places when their order, tier or types change', () => {
    const engine = engineWith(web, gnp('a', { order: 1 }), gnp('b', { order: 2 }))
    expect(tiersOf(engine)).toEqual([['default', 'deny', 'gnp/a', 'gnp/b']])
    put(engine, gnp('a', { order: 3 }))
    expect(tiersOf(engine)).toEqual([['default', 'deny', 'gnp/b', 'gnp/a']])
    put(engine, gnp('a', { order: 3, tier: 'z' }))
    expect(tiersOf(engine)).toEqual([
      ['default', 'deny', 'gnp/b'],
      ['z', 'deny', 'gnp/a'],
    ])
    put(engine, gnp('a', { order: 3, tier: 'z', types: ['Egress'] }))
    expect(tiersOf(engine)).toEqual([['default', 'deny', 'gnp/b']])
  })

  it('taking a tier away closes it', () => {
    const engine = engineWith(web, tier('t', { order: 1, defaultAction: 'Pass' }), gnp('p', { tier: 't' }))
    expect(tiersOf(engine)).toEqual([['t', 'pass', 'gnp/p']])
    remove(engine, tier('t', {}))
    expect(tiersOf(engine)).toEqual([['t', 'deny', 'gnp/p']])
  })

  it.each([
    ['no types: both', {}, [true, true]],
    ['empty types: both', { types: [] }, [true, true]],
    ['ingress', { types: ['Ingress'] }, [true, false]],
    ['egress', { types: ['Egress'] }, [false, true]],
    ['untracked: not for workloads', { doNotTrack: true, applyOnForward: true }, [false, false]],
    ['before DNAT: not for workloads', { preDNAT: true, applyOnForward: true }, [false, false]],
    ['on forwarded traffic: as any other', { applyOnForward: true }, [true, true]],
  ] as const)('%s', (_name, spec, [ingress, egress]) => {
    const engine = engineWith(web, gnp('p', { ...spec, ingress: allow, egress: allow } as Parameters<typeof gnp>[1]))
    expect(tiersOf(engine, 'ingress')).toHaveLength(ingress ? 1 : 0)
    expect(tiersOf(engine, 'egress')).toHaveLength(egress ? 1 : 0)
    const rules = engine.program().policies.get('gnp/p')
    expect([rules?.ingress.length ?? 0, rules?.egress.length ?? 0]).toEqual([Number(ingress), Number(egress)])
  })

  it('are for whom they select: labels of the endpoint, its namespace and its service account', () => {
    const engine = engineWith(
      pod(
        'prod/web',
        '10.0.0.1',
        { 'pcns.env': 'forged', app: 'web' },
        { serviceAccountName: 'sa', profiles: ['kns.prod', 'ksa.prod.sa'] },
      ),
      openProfile('kns.prod', { 'pcns.env': 'live', app: 'inherited' }),
      profile('ksa.prod.sa', { labelsToApply: { 'pcsa.team': 'blue' } }),
      gnp('env', { namespaceSelector: "env == 'live'" }),
      gnp('forged', { selector: "pcns.env == 'forged'" }),
      gnp('team', { serviceAccountSelector: "team == 'blue'" }),
      gnp('account', { selector: "projectcalico.org/serviceaccount == 'sa'" }),
      gnp('app', { selector: "app == 'web'" }),
      gnp('inherited', { selector: "app == 'inherited'" }),
      np('prod/here', {}),
      np('dev/there', {}),
    )
    expect(tiersOf(engine)).toEqual([
      ['default', 'deny', 'gnp/account', 'gnp/app', 'gnp/env', 'np/prod/here', 'gnp/team'],
    ])
    expect(change(engine, openProfile('kns.prod', { 'pcns.env': 'test' })).policies).toEqual(
      new Map([['gnp/env', null]]),
    )
  })

  it('of staged kinds and other kinds are ignored', () => {
    const engine = engineWith(web, { ...np('prod/p', {}), kind: 'StagedNetworkPolicy' } as unknown as AnyResource)
    expect(tiersOf(engine)).toEqual([])
    engine.apply({ type: 'delete', key: { kind: 'StagedNetworkPolicy' as 'Node', name: 'p', namespace: 'prod' } })
    engine.apply({ type: 'snapshot', kind: 'IPPool', items: [] })
  })
})

describe('profiles', () => {
  const rulesOf = (engine: PolicyEngine, id: string) => {
    engine.flush()
    return engine.program().policies.get(id)
  }
  const deny = [{ action: 'deny', source: {}, destination: {}, index: 0 }]

  it('that do not exist deny both ways until they do', () => {
    const engine = engineWith(web)
    expect(rulesOf(engine, 'pro/kns.prod')).toEqual({ ingress: deny, egress: deny })
    put(engine, openProfile('kns.prod'))
    expect(rulesOf(engine, 'pro/kns.prod')?.ingress[0]?.action).toBe('allow')
    remove(engine, openProfile('kns.prod'))
    expect(rulesOf(engine, 'pro/kns.prod')).toEqual({ ingress: deny, egress: deny })
  })

  it('without rules accept nothing themselves', () => {
    const engine = engineWith(web, profile('kns.prod'))
    expect(rulesOf(engine, 'pro/kns.prod')).toEqual({ ingress: [], egress: [] })
  })

  it('projectcalico-default-allow is always there and open', () => {
    const engine = engineWith(
      pod('prod/web', '10.0.0.1', {}, { profiles: ['projectcalico-default-allow'] }),
      profile('projectcalico-default-allow'),
    )
    expect(rulesOf(engine, 'pro/projectcalico-default-allow')?.egress[0]?.action).toBe('allow')
  })

  it('nobody has are not in the program', () => {
    const engine = engineWith(openProfile('kns.prod'))
    expect(rulesOf(engine, 'pro/kns.prod')).toBeUndefined()
  })
})

describe('deltas', () => {
  it('carry only what changed', () => {
    const policy = (port: number) =>
      gnp('p', {
        ingress: [{ action: 'Allow', protocol: 'TCP', source: { selector: 'has(x)' }, destination: { ports: [port] } }],
      })
    const engine = engineWith(web, policy(80), openProfile('kns.prod'))
    engine.flush()
    const delta = change(engine, policy(81))
    expect([...delta.policies.keys()]).toEqual(['gnp/p'])
    expect([delta.ipSets.size, delta.endpoints.size]).toEqual([0, 0])
    put(engine, policy(80))
    expect(change(engine, policy(81)).policies.size).toBe(0)
  })

  it('of a snapshot drop what is not in it', () => {
    const engine = engineWith(web, pod('prod/db', '10.0.0.2'), gnp('p', {}))
    engine.flush()
    engine.apply({ type: 'snapshot', kind: 'WorkloadEndpoint', items: [web] })
    expect(engine.flush().endpoints).toEqual(new Map([['prod/db', null]]))
    engine.apply({ type: 'snapshot', kind: 'GlobalNetworkPolicy', items: [] })
    expect(engine.flush().policies).toEqual(new Map([['gnp/p', null]]))
  })

  it('do not reach into programs that were handed out', () => {
    const engine = engineWith(web, gnp('p', { ingress: [{ action: 'Allow', source: { selector: 'has(x)' } }] }))
    const first = engine.flush()
    const program = engine.program()
    const copy = structuredClone([first, program])
    change(engine, pod('prod/web', '10.0.0.1', { x: '' }), gnp('p', {}))
    expect([first, program]).toEqual(copy)
  })

  it('are not looked ahead of by program()', () => {
    const engine = engineWith(web, gnp('p', { ingress: [{ action: 'Allow', source: { selector: 'has(x)' } }] }))
    engine.flush()
    const before = engine.program()
    put(engine, pod('prod/x', '10.0.0.2', { x: '' }), gnp('q', {}))
    expect(engine.program()).toEqual(before)
  })
})

describe('resources that were written past validation', () => {
  it('a policy that nobody can say whom it selects is not enforced, and that is said', () => {
    const log = recordingLog()
    const engine = createPolicyEngine({ node: 'n1', log })
    put(engine, web, gnp('p', { selector: 'app = web' }))
    put(engine, gnp('p', { selector: 'app = web' }))
    expect(endpointOf(engine)?.ingress).toEqual([])
    expect(engine.problems()).toEqual([
      {
        subject: 'GlobalNetworkPolicy(p)',
        why: expect.stringMatching(/^spec\.selector: .*character 5/),
        effect: 'the policy is not enforced, because nobody can say whom it selects',
      },
    ])
    expect(log.lines.filter(({ event }) => event === 'policy.resource.invalid')).toHaveLength(1)
    put(engine, gnp('p', { selector: "app == 'web'" }))
    expect(endpointOf(engine)?.ingress).toHaveLength(1)
    expect(engine.problems()).toEqual([])
  })

  it('a rule that cannot be read denies in its place', () => {
    const rules = [{ action: 'Allow' as const, source: { nets: ['10.0.0.0/8', 'ten'] } }, ...allow]
    const engine = engineWith(web, gnp('p', { ingress: rules }))
    engine.flush()
    expect(
      engine
        .program()
        .policies.get('gnp/p')
        ?.ingress.map(({ action }) => action),
    ).toEqual(['deny', 'allow'])
    expect(engine.problems()).toEqual([
      expect.objectContaining({
        subject: 'GlobalNetworkPolicy(p)',
        why: expect.stringContaining('spec.ingress[0].source.nets[1]'),
      }),
    ])
    remove(engine, gnp('p', {}))
    expect(engine.problems()).toEqual([])
  })

  it.each<[AnyResource, string]>([
    [gnp('p', { types: 'Ingress' as unknown as [] }), 'spec.types: must be a list of texts'],
    [tier('t', { order: '1' as unknown as number }), 'spec.order: must be a number'],
    [pod('prod/x', '10.0.0.9', { a: 1 as unknown as string }), 'metadata.labels: must be an object of texts'],
    [
      pod('prod/x', '10.0.0.9', {}, { ports: [{ name: 'a', protocol: 'TCP', port: '80' as unknown as number }] }),
      'spec.ports[0].port: must be a number',
    ],
  ])('an object with a field of another type is as if it were not there', (item, why) => {
    const engine = engineWith(web, item)
    engine.flush()
    expect(engine.problems()).toEqual([expect.objectContaining({ why, effect: 'it is as if it were not there' })])
    remove(engine, item)
    expect(engine.problems()).toEqual([])
  })

  it('null is the same as absent', () => {
    const nothing = null as unknown as undefined
    const policy = { types: nothing, selector: nothing, order: nothing, ingress: nothing } as unknown as object
    const engine = engineWith(
      pod('prod/web', '10.0.0.1', {}, { ports: nothing } as unknown as object),
      gnp('p', policy),
    )
    expect(endpointOf(engine)?.ingress).toHaveLength(1)
    expect(engine.problems()).toEqual([])
  })

  it('a network set loses what cannot be read, no more', () => {
    const engine = engineWith(
      web,
      gnp('p', { ingress: [{ action: 'Allow', source: { selector: 'has(x)' } }] }),
      networkSet('n', ['10.0.0.0/8', 'ten'], { x: '' }),
    )
    engine.flush()
    expect(engine.program().ipSets.get(s('has(x)'))?.members).toEqual(new Set(['10.0.0.0/8']))
    expect(engine.problems()[0]).toMatchObject({ subject: 'GlobalNetworkSet(n)', effect: 'the entry is left out' })
  })
})

it('reports sizes', () => {
  const gauges = new Map<string, number>()
  const meter = {
    counter: () => ({ add: () => undefined }),
    gauge: (name: string) => ({ set: (value: number) => void gauges.set(name, value) }),
    histogram: () => ({ record: () => undefined }),
  }
  const engine = createPolicyEngine({ node: 'n1', log: silentLog, meter })
  put(
    engine,
    web,
    pod('prod/x', '10.0.0.2', {}, { node: 'n2' }),
    gnp('p', {}),
    gnp('q', { selector: 'has(z)' }),
    tier('default', {}),
  )
  engine.flush()
  expect(Object.fromEntries(gauges)).toEqual({
    felix_active_local_endpoints: 1,
    felix_active_local_policies: 2,
    felix_active_local_selectors: 0,
    felix_cluster_num_workload_endpoints: 2,
    felix_cluster_num_policies: 2,
    felix_cluster_num_profiles: 0,
    felix_cluster_num_tiers: 1,
  })
})
