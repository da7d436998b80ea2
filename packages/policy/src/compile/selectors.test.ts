import {
  apiVersion,
  type EntityRule,
  formatSelector,
  type GlobalNetworkPolicy,
  type NetworkPolicy,
  parseSelector,
} from '@tortie/model'
import { expect, it } from 'vitest'
import { entitySelectors, policyScope } from './selectors.ts'

const np = (spec: NetworkPolicy['spec']): NetworkPolicy => ({
  apiVersion,
  kind: 'NetworkPolicy',
  metadata: { name: 'p', namespace: 'prod' },
  spec,
})
const gnp = (spec: GlobalNetworkPolicy['spec']): GlobalNetworkPolicy => ({
  apiVersion,
  kind: 'GlobalNetworkPolicy',
  metadata: { name: 'p' },
  spec,
})

it.each<[string, NetworkPolicy | GlobalNetworkPolicy, string]>([
  ['a namespaced policy without selector', np({}), 'projectcalico.org/namespace == "prod"'],
  ['with one', np({ selector: 'a == "b"' }), '(a == "b" && projectcalico.org/namespace == "prod")'],
  [
    'with a disjunction and a service account',
    np({ selector: "a == 'b' || c == 'd'", serviceAccountSelector: "role == 'x'" }),
    '(((a == "b" || c == "d") && projectcalico.org/namespace == "prod") && pcsa.role == "x")',
  ],
  [
    'whose all() stays what it is',
    np({ selector: 'all()', serviceAccountSelector: 'all()' }),
    '((all() && projectcalico.org/namespace == "prod") && all())',
  ],
  ['a global policy without selector', gnp({}), 'all()'],
  ['with one only', gnp({ selector: 'all()' }), 'all()'],
  ['with a namespace selector only', gnp({ namespaceSelector: "env == 'live'" }), 'pcns.env == "live"'],
  ['for every namespace', gnp({ namespaceSelector: 'all()' }), 'has(projectcalico.org/namespace)'],
  [
    'whose own all() becomes "in a namespace"',
    gnp({ selector: 'all()', namespaceSelector: 'has(env)' }),
    '(has(projectcalico.org/namespace) && has(pcns.env))',
  ],
  [
    'with blanks in all( ), which Calico does not see',
    gnp({ selector: 'all( )', namespaceSelector: 'has(env)' }),
    '(all() && has(pcns.env))',
  ],
  [
    'with all three',
    gnp({ selector: "a == 'b'", namespaceSelector: 'all()', serviceAccountSelector: 'all()' }),
    '((a == "b" && has(projectcalico.org/namespace)) && has(projectcalico.org/serviceaccount))',
  ],
])('%s', (_name, policy, expected) => {
  const { text, ignored } = policyScope(policy)
  expect(formatSelector(parseSelector(text))).toBe(expected)
  expect(ignored).toEqual([])
})

it('says which parts of a policy it could not read', () => {
  const { text, ignored } = policyScope(
    gnp({ selector: 'has(a)', namespaceSelector: 'env = 1', serviceAccountSelector: '(' }),
  )
  expect(text).toBe('has(a)')
  expect(ignored).toEqual(['namespaceSelector', 'serviceAccountSelector'])
})

const own = 'projectcalico.org/namespace == "prod"'

/** The positive selector, or the negative one after a dash. */
type Expected = { readonly np: readonly string[]; readonly gnp: readonly string[] }

it.each<[string, EntityRule, Expected]>([
  ['nothing', {}, { np: [], gnp: [] }],
  ['nets only: no namespace comes in', { nets: ['10.0.0.0/8'], ports: [80] }, { np: [], gnp: [] }],
  ['a selector', { selector: "a == 'b'" }, { np: [`(${own} && a == "b")`], gnp: ['a == "b"'] }],
  [
    'notSelector alone: what is taken away from all addresses, or from the own namespace',
    { notSelector: 'has(a)' },
    { np: [`(${own} && !has(a))`], gnp: ['-', 'has(a)'] },
  ],
  [
    'both',
    { selector: 'has(b)', notSelector: "a == 'x' || has(c)" },
    {
      np: [`((${own} && has(b)) && !(a == "x" || has(c)))`],
      gnp: ['(has(b) && !(a == "x" || has(c)))'],
    },
  ],
  [
    'namespaceSelector',
    { namespaceSelector: "env == 'live'", selector: 'has(b)' },
    { np: ['(pcns.env == "live" && has(b))'], gnp: ['(pcns.env == "live" && has(b))'] },
  ],
  [
    'every namespace',
    { namespaceSelector: 'all()' },
    { np: ['has(projectcalico.org/namespace)'], gnp: ['has(projectcalico.org/namespace)'] },
  ],
  [
    'no namespace',
    { namespaceSelector: 'global()', selector: 'has(b)' },
    { np: ['(!has(projectcalico.org/namespace) && has(b))'], gnp: ['(!has(projectcalico.org/namespace) && has(b))'] },
  ],
  [
    'not no namespace',
    { namespaceSelector: '!global()' },
    { np: ['has(projectcalico.org/namespace)'], gnp: ['has(projectcalico.org/namespace)'] },
  ],
  [
    'service accounts by name, sorted',
    { serviceAccounts: { names: ['b', 'a'] } },
    {
      np: [`(${own} && projectcalico.org/serviceaccount in {"a", "b"})`],
      gnp: ['projectcalico.org/serviceaccount in {"a", "b"}'],
    },
  ],
  [
    'service accounts by name and label, and a selector',
    { serviceAccounts: { names: ['a'], selector: "t == 'u'" }, selector: 'has(b)' },
    {
      np: [`(${own} && ((pcsa.t == "u" && projectcalico.org/serviceaccount in {"a"}) && has(b)))`],
      gnp: ['((pcsa.t == "u" && projectcalico.org/serviceaccount in {"a"}) && has(b))'],
    },
  ],
])('a rule with %s', (_name, entity, expected) => {
  const texts = (namespace: string | undefined): string[] => {
    const { positive, negative } = entitySelectors(entity, namespace)
    if (negative) return ['-', formatSelector(negative)]
    return positive ? [formatSelector(positive)] : []
  }
  expect({ np: texts('prod'), gnp: texts(undefined) }).toEqual(expected)
})
