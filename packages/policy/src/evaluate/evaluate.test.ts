import type { Flow } from '@tortie/dataplane'
import type { AnyResource } from '@tortie/model'
import { describe, expect, it } from 'vitest'
import { PolicyError } from '../errors.ts'
import { gnp, networkSet, np, openProfile, pod, tier } from '../testing/resources.ts'
import { evaluate, evaluateConnection } from './evaluate.ts'
import { createPolicyState, type PolicyState } from './state.ts'

const tcp = (source: string, destination: string, destinationPort: number): Flow => ({
  source,
  destination,
  protocol: 6,
  sourcePort: 40_000,
  destinationPort,
})

const web = pod('prod/web', '10.0.0.1', { app: 'web' })
const db = pod('prod/db', '10.0.0.2', { app: 'db' }, { node: 'n2' })
const open = openProfile('kns.prod')
const outside = '192.0.2.1'

const toDb = np('prod/db', {
  selector: "app == 'db'",
  types: ['Ingress'],
  ingress: [
    { action: 'Log', protocol: 'TCP' },
    { action: 'Allow', protocol: 'TCP', source: { selector: "app == 'web'" }, destination: { ports: [5432] } },
  ],
})

function stateOf(...resources: readonly AnyResource[]): PolicyState {
  return createPolicyState([web, db, open, tier('default', { order: 1e6 }), ...resources])
}

describe('evaluate', () => {
  it('names every step on the way', () => {
    const state = stateOf(
      tier('first', { order: 1, defaultAction: 'Pass' }),
      gnp('audit', {
        tier: 'first',
        types: ['Ingress'],
        ingress: [{ action: 'Pass', source: { nets: ['10.0.0.0/8'] } }],
      }),
      gnp('zone', {
        tier: 'first',
        order: 1,
        types: ['Ingress'],
        ingress: [{ action: 'Deny', source: { nets: ['172.16.0.0/12'] } }],
      }),
      toDb,
    )
    const at = { tier: 'first', policy: 'gnp/audit', direction: 'ingress' as const }
    expect(
      evaluate(state, { endpoint: 'prod/db', direction: 'ingress', flow: tcp('10.0.0.1', '10.0.0.2', 5432) }),
    ).toEqual({
      verdict: 'allow',
      trace: [
        { at: 'policy-end', tier: 'first', policy: 'gnp/zone' },
        { at: 'rule', ...at, index: 0, action: 'pass' },
        { at: 'rule', tier: 'default', policy: 'np/prod/db', direction: 'ingress', index: 0, action: 'log' },
        { at: 'rule', tier: 'default', policy: 'np/prod/db', direction: 'ingress', index: 1, action: 'allow' },
      ],
    })
  })

  it('goes on to profiles where no policy decides, and denies where nothing does', () => {
    const at = (endpoint: string, state: PolicyState) =>
      evaluate(state, { endpoint, direction: 'egress', flow: tcp('10.0.0.1', outside, 80) })
    expect(at('prod/web', stateOf())).toEqual({
      verdict: 'allow',
      trace: [{ at: 'profile-rule', profile: 'pro/kns.prod', index: 0, action: 'allow' }],
    })
    expect(at('prod/web', createPolicyState([web]))).toEqual({
      verdict: 'deny',
      trace: [{ at: 'profile-rule', profile: 'pro/kns.prod', index: 0, action: 'deny' }],
    })
    const bare = pod('prod/web', '10.0.0.1', {}, { profiles: [] })
    expect(at('prod/web', createPolicyState([bare]))).toEqual({ verdict: 'deny', trace: [{ at: 'no-match' }] })
  })

  it('refuses questions without an answer, naming what is wrong', () => {
    const ask = (endpoint: string, flow: Flow) => () => evaluate(stateOf(), { endpoint, direction: 'ingress', flow })
    expect(ask('prod/nobody', tcp(outside, '10.0.0.1', 80))).toThrow(/WorkloadEndpoint "prod\/nobody"/)
    expect(ask('prod/web', tcp('10.0.0', '10.0.0.1', 80))).toThrow(/flow\.source/)
    expect(ask('prod/web', tcp(outside, 'fd00::1', 80))).toThrow(/flow\.destination/)
    expect(ask('prod/web', tcp(outside, 'fd00::1', 80))).toThrow(PolicyError)
  })

  it('sees what was there when the state was made', () => {
    const resources = [web, open]
    const state = createPolicyState(resources)
    resources.pop()
    const flow = tcp(outside, '10.0.0.1', 80)
    expect(evaluate(state, { endpoint: 'prod/web', direction: 'ingress', flow }).verdict).toBe('allow')
  })
})

describe('evaluateConnection', () => {
  it('asks egress of the source, then ingress of the destination', () => {
    const state = stateOf(toDb)
    const allowed = evaluateConnection(state, tcp('10.0.0.1', '10.0.0.2', 5432))
    expect(allowed).toMatchObject({
      verdict: 'allow',
      egress: { endpoint: 'prod/web', verdict: 'allow' },
      ingress: { endpoint: 'prod/db', verdict: 'allow' },
    })
    const denied = evaluateConnection(state, tcp('10.0.0.1', '10.0.0.2', 80))
    expect(denied).toMatchObject({ verdict: 'deny', egress: { verdict: 'allow' }, ingress: { verdict: 'deny' } })
    expect(denied.ingress?.trace.at(-1)).toEqual({ at: 'tier-end', tier: 'default', action: 'deny' })
  })

  it('does not ask the destination once the source may not', () => {
    const state = stateOf(gnp('no-egress', { types: ['Egress'] }))
    expect(evaluateConnection(state, tcp('10.0.0.1', '10.0.0.2', 80))).toEqual({
      verdict: 'deny',
      egress: expect.objectContaining({ verdict: 'deny' }),
    })
  })

  it('has one side only with the world outside, and none between strangers', () => {
    expect(evaluateConnection(stateOf(toDb), tcp(outside, '10.0.0.2', 5432))).toEqual({
      verdict: 'deny',
      ingress: expect.objectContaining({ endpoint: 'prod/db' }),
    })
    expect(evaluateConnection(stateOf(), tcp('10.0.0.1', outside, 80))).toEqual({
      verdict: 'allow',
      egress: expect.objectContaining({ endpoint: 'prod/web' }),
    })
    expect(evaluateConnection(stateOf(), tcp(outside, '198.51.100.1', 80))).toEqual({ verdict: 'allow' })
  })

  it('knows outside addresses by their network sets', () => {
    const rule = { action: 'Deny' as const, source: { selector: "list == 'bad'" } }
    const policy = gnp('p', { types: ['Ingress'], ingress: [rule, { action: 'Allow' }] })
    const state = stateOf(policy, networkSet('bad', ['192.0.2.0/24'], { list: 'bad' }))
    expect(evaluateConnection(state, tcp(outside, '10.0.0.1', 80)).verdict).toBe('deny')
    expect(evaluateConnection(state, tcp('198.51.100.1', '10.0.0.1', 80)).verdict).toBe('allow')
  })

  it('takes the smallest id of two with one address, and drops what an invalid endpoint sends', () => {
    const twin = pod('prod/a', '10.0.0.1', {}, { interfaceName: 'cali-twin' })
    expect(evaluateConnection(stateOf(twin), tcp('10.0.0.1', outside, 80)).egress?.endpoint).toBe('prod/a')
    const broken = pod('prod/c', '10.0.0.3', {}, { interfaceName: '' })
    expect(evaluateConnection(stateOf(broken), tcp('10.0.0.3', outside, 80))).toEqual({
      verdict: 'deny',
      egress: { endpoint: 'prod/c', verdict: 'deny', trace: [{ at: 'inactive' }] },
    })
  })
})
