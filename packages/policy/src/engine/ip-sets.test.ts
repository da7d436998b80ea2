import { parseSelector, selectorId, uniqueId } from '@tortie/model'
import { describe, expect, it } from 'vitest'
import { change, engineWith, put, remove } from '../testing/engine-steps.ts'
import { gnp, networkSet, openProfile, pod } from '../testing/resources.ts'
import type { PolicyEngine } from './engine.ts'

const s = (selector: string): string => selectorId(parseSelector(selector))
const web = pod('prod/web', '10.0.0.1', { app: 'web' })

describe('IP sets', () => {
  const from = (selector: string, more: object = {}) => [{ action: 'Allow' as const, source: { selector }, ...more }]
  const members = (engine: PolicyEngine, id: string): string[] | undefined => {
    engine.flush()
    const set = engine.program().ipSets.get(id)
    return set && [...set.members].sort()
  }

  it('are there as long as a policy with a local endpoint uses them', () => {
    const policy = gnp('p', { selector: "app == 'web'", ingress: from('has(x)') })
    const engine = engineWith(policy, pod('prod/x', '10.0.1.1', { x: '' }, { node: 'n2' }))
    expect(engine.flush()).toEqual({ ipSets: new Map(), policies: new Map(), endpoints: new Map() })
    const delta = change(engine, web)
    expect(delta.ipSets.get(s('has(x)'))).toEqual({ op: 'create', type: 'net', members: new Set(['10.0.1.1/32']) })
    expect(remove(engine, web).ipSets.get(s('has(x)'))).toEqual({ op: 'remove' })
  })

  it('are there ahead of endpoints when the policy says so', () => {
    const engine = engineWith(
      gnp('p', { selector: 'has(none)', performanceHints: ['AssumeNeededOnEveryNode'], ingress: from('has(x)') }),
    )
    expect(members(engine, s('has(x)'))).toEqual([])
    expect(engine.program().policies.has('gnp/p')).toBe(true)
    put(engine, gnp('p', { selector: 'has(none)', ingress: from('has(x)') }))
    expect(members(engine, s('has(x)'))).toBeUndefined()
  })

  it('shared by policies stay until the last is gone, and are never sent twice', () => {
    const [p, q] = [gnp('p', { ingress: from('has(x)') }), gnp('q', { ingress: from('has(x)') })]
    const engine = engineWith(web, p)
    engine.flush()
    expect(change(engine, q).ipSets.size).toBe(0)
    expect(remove(engine, p).ipSets.size).toBe(0)
    put(engine, p)
    expect(remove(engine, q).ipSets.size).toBe(0)
    expect(remove(engine, p).ipSets.get(s('has(x)'))).toEqual({ op: 'remove' })
  })

  it('hold an address that two endpoints have until both are gone', () => {
    const a = pod('prod/a', '10.0.1.1', { x: '' }, { node: 'n2' })
    const b = pod('prod/b', '10.0.1.1', { x: '' }, { node: 'n3' })
    const engine = engineWith(web, gnp('p', { ingress: from('has(x)') }), a, b)
    expect(members(engine, s('has(x)'))).toEqual(['10.0.1.1/32'])
    expect(remove(engine, a).ipSets.size).toBe(0)
    expect(remove(engine, b).ipSets.get(s('has(x)'))).toEqual({ op: 'change', added: [], removed: ['10.0.1.1/32'] })
  })

  it('hold networks of network sets, /0 as two halves, and nothing inside another', () => {
    const engine = engineWith(web, gnp('p', { ingress: from('has(x)') }))
    put(
      engine,
      networkSet('all', ['0.0.0.0/0'], { x: '' }),
      networkSet('prod/some', ['10.1.2.3/8', '2001:db8::1'], { x: '' }),
    )
    expect(members(engine, s('has(x)'))).toEqual(['0.0.0.0/1', '128.0.0.0/1', '2001:db8::1/128'])
    expect(remove(engine, networkSet('all', [])).ipSets.get(s('has(x)'))).toEqual({
      op: 'change',
      added: ['10.0.0.0/8'],
      removed: ['0.0.0.0/1', '128.0.0.0/1'],
    })
  })

  it('know the namespace of a network set, and what it inherits', () => {
    const engine = engineWith(
      web,
      openProfile('kns.lab', { 'pcns.env': 'test' }),
      networkSet('lab/a', ['192.0.2.0/25'], { x: '' }),
      networkSet('a', ['198.51.100.0/24'], { x: '' }),
      gnp('p', { ingress: [{ action: 'Allow', source: { namespaceSelector: "env == 'test'", selector: 'has(x)' } }] }),
      gnp('q', { ingress: [{ action: 'Allow', source: { namespaceSelector: 'global()', selector: 'has(x)' } }] }),
    )
    expect(members(engine, s("(pcns.env == 'test') && (has(x))"))).toEqual(['192.0.2.0/25'])
    expect(members(engine, s('(!has(projectcalico.org/namespace)) && (has(x))'))).toEqual(['198.51.100.0/24'])
  })

  it('of named ports hold address, protocol and port of those who have such a port', () => {
    const ports = [
      { name: 'http', protocol: 'TCP', port: 8080 },
      { name: 'http', protocol: 'UDP', port: 8081 },
      { name: 'other', protocol: 'TCP', port: 9 },
      { name: '', protocol: 'TCP', port: 1, hostPort: 2 },
    ]
    const named = (protocol: string): string => uniqueId('n', `${s('has(x)')},${protocol},http`)
    const rule = { action: 'Allow' as const, destination: { selector: 'has(x)', ports: ['http'] } }
    const engine = engineWith(
      web,
      pod('prod/x', '10.0.1.1', { x: '' }, { node: 'n2', ports, ipNetworks: ['10.0.1.1/32', 'fd00::1/128'] }),
      pod('prod/y', '10.0.1.2', {}, { node: 'n2', ports }),
      gnp('p', { egress: [{ ...rule, protocol: 'TCP' }, rule] }),
    )
    expect(members(engine, named('tcp'))).toEqual(['10.0.1.1,tcp:8080', 'fd00::1,tcp:8080'])
    expect(members(engine, named('any'))).toEqual([
      '10.0.1.1,tcp:8080',
      '10.0.1.1,udp:8081',
      'fd00::1,tcp:8080',
      'fd00::1,udp:8081',
    ])
    expect(engine.program().ipSets.get(named('any'))?.type).toBe('ip-port')
  })

  it('follow labels: of endpoints, and of profiles for all who have them', () => {
    const engine = engineWith(web, gnp('p', { ingress: from("app == 'db'") }))
    engine.flush()
    const id = s("app == 'db'")
    const delta = change(engine, pod('prod/web', '10.0.0.1', { app: 'db' }))
    expect(delta.ipSets.get(id)).toEqual({ op: 'change', added: ['10.0.0.1/32'], removed: [] })
    put(engine, pod('prod/web', '10.0.0.1'))
    expect(change(engine, openProfile('kns.prod', { app: 'db' })).ipSets.size).toBe(0)
    expect(members(engine, id)).toEqual(['10.0.0.1/32'])
  })
})
