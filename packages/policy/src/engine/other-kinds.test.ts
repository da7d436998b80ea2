import { type AnyResource, apiVersion, type Kind, kinds } from '@tortie/model'
import { expect, it } from 'vitest'
import { createPolicyState } from '../index.ts'
import { engineWith, put, remove } from '../testing/engine-steps.ts'
import { openProfile, pod } from '../testing/resources.ts'

const world = [openProfile('open'), pod('prod/web', '10.0.0.1', { app: 'web' }, { profiles: ['open'] })]

const other = (kind: Kind, spec: object): AnyResource =>
  ({
    apiVersion,
    kind,
    metadata: { name: 'x', ...(kinds[kind].namespaced && { namespace: 'prod' }) },
    spec,
  }) as unknown as AnyResource

const deny = { selector: 'all()', ingress: [{ action: 'Deny' }], egress: [{ action: 'Deny' }] }

it.each<[Kind, object]>([
  ['StagedNetworkPolicy', deny],
  ['StagedGlobalNetworkPolicy', deny],
  ['StagedNetworkPolicy', { ...deny, performanceHints: ['AssumeNeededOnEveryNode'] }],
  ['StagedKubernetesNetworkPolicy', { podSelector: {} }],
  ['BGPConfiguration', {}],
  ['CalicoNodeStatus', { node: 'n1', classes: ['BGP'], updatePeriodSeconds: 1 }],
])('a %s enforces nothing, whatever it says: %o', (kind, spec) => {
  const engine = engineWith(...world)
  engine.flush()
  const before = engine.program()
  const item = other(kind, spec)
  const none = { ipSets: new Map(), policies: new Map(), endpoints: new Map() }
  put(engine, item)
  expect(engine.flush()).toEqual(none)
  expect(engine.program()).toEqual(before)
  expect(remove(engine, item)).toEqual(none)
  engine.apply({ type: 'snapshot', kind, items: [item] })
  expect(engine.flush()).toEqual(none)
  expect(engine.problems()).toEqual([])
  expect(createPolicyState([...world, item])).toEqual(createPolicyState(world))
})
