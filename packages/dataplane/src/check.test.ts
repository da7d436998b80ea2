import fc from 'fast-check'
import { expect, it } from 'vitest'
import { checkEndpoint, checkPolicy } from './check.ts'
import type { EndpointProgram, Rule } from './policy-program.ts'
import { arbitraryProgram } from './testing/arbitraries/index.ts'

const rule: Rule = { action: 'allow', source: {}, destination: {}, index: 0 }
const endpoint: EndpointProgram = {
  kind: 'workload',
  interface: 'cali1',
  active: true,
  addresses: ['10.0.0.1/32'],
  spoofablePrefixes: [],
  ingress: [],
  egress: [],
  profiles: [],
}

it.each<[string, Partial<Rule>]>([
  ['protocol 256', { protocol: 256 }],
  ['notProtocol -1', { notProtocol: -1 }],
  ['icmp.type 300', { icmp: { type: 300 } }],
  ['notIcmp.code 256', { notIcmp: { type: 8, code: 256 } }],
  ['10.0.0.1/24', { source: { nets: ['10.0.0.1/24'] } }],
  ['fd00::0/64 is written fd00::/64', { destination: { notNets: ['fd00::0/64'] } }],
  ['"x"', { source: { nets: ['x'] } }],
  ['2 to 1', { source: { ports: [{ first: 2, last: 1 }] } }],
  ['0 to 65536', { destination: { notPorts: [{ first: 0, last: 65_536 }] } }],
])('names what is wrong with a rule: %s', (text, terms) => {
  const check = () => checkPolicy('gnp/p', { ingress: [rule, { ...rule, ...terms }], egress: [] })
  expect(check).toThrow('gnp/p ingress[1]')
  expect(check).toThrow(text)
})

it.each<[string, Partial<EndpointProgram>]>([
  ['"cali-that-is-too-long"', { interface: 'cali-that-is-too-long' }],
  ['"a b"', { interface: 'a b' }],
  ['10.0.0.1 is written 10.0.0.1/32', { addresses: ['10.0.0.1'] }],
  ['length 24', { addresses: ['10.0.0.0/24'] }],
  ['"y"', { spoofablePrefixes: ['y'] }],
])('names what is wrong with an endpoint: %s', (text, fields) => {
  expect(() => checkEndpoint('prod/pod', { ...endpoint, ...fields })).toThrow(text)
})

it('finds no fault with sound programs', () => {
  fc.assert(
    fc.property(arbitraryProgram(), ({ policies, endpoints }) => {
      for (const [id, rules] of policies) checkPolicy(id, rules)
      for (const [id, program] of endpoints) checkEndpoint(id, program)
    }),
  )
})
