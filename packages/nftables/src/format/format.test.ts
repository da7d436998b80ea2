import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  action,
  createChain,
  createElements,
  createMap,
  createPackedElements,
  createSet,
  createTable,
  createTransaction,
  element,
  formatOperation,
  formatRule,
  formatTransaction,
  match,
  type Operation,
  packAddresses,
  raw,
  rule,
} from '../index.ts'
import { anyChain, anyElementOf, anyFlowtable, anyRule, anySet, anyTable } from '../testing/arbitraries.ts'

const t = createTable('inet', 't')
const c = createChain(t, 'c')
const s = createSet(t, 's', ['ipv4_addr'])

describe('a transaction as text', () => {
  it('is a script of nft, one operation to a line', () => {
    const m = createMap(t, 'm', ['ifname'], 'verdict')
    const transaction = createTransaction().add(t, c, s, m)
    const ports = transaction.anonymousSet(
      t,
      ['inet_service'],
      [element(['inet_service'], [80]), element(['inet_service'], [443])],
    )
    transaction
      .add(createPackedElements(s, packAddresses('ipv4_addr', ['10.0.0.1', '10.0.0.2', '10.0.0.3'])))
      .add(createElements(m, [element(m.key, ['cali1'], { verdict: { kind: 'jump', chain: 'c' } })]))
      .add(rule(c, [match.ip.saddr.in(s), match.tcp.dport.in(ports), action.accept]))
      .insert({ ...rule(c, [action.drop]), position: 7n })
      .replace({ ...rule(c, [action.accept]), handle: 8n })
      .delete({ kind: 'rule', chain: c, handle: 9n }, s)
      .flush(c)
    expect(formatTransaction(transaction, { elements: 2 })).toBe(`\
add table inet t
add chain inet t c
add set inet t s { type ipv4_addr; }
add map inet t m { type ifname : verdict; }
add element inet t s { 10.0.0.1, 10.0.0.2, … 1 more }
add element inet t m { "cali1" : jump c }
add rule inet t c meta nfproto ipv4 ip saddr @s meta l4proto tcp tcp dport { 80, 443 } accept
insert rule inet t c handle 7 drop
replace rule inet t c handle 8 accept
delete rule inet t c handle 9
delete set inet t s
flush chain inet t c
`)
  })

  it('exists for anything', () => {
    const anyOperation = fc.oneof(
      fc.record({
        verb: fc.constantFrom('add', 'create', 'delete', 'flush'),
        object: fc.oneof(anyTable, anyChain, anySet),
      }),
      fc.record({ verb: fc.constantFrom('add', 'insert', 'replace', 'delete'), object: anyRule }),
      fc.record({ verb: fc.constantFrom('add', 'destroy'), object: anyFlowtable }),
      anySet.chain((set) =>
        fc.record({
          verb: fc.constantFrom('add', 'delete'),
          object: fc.record({
            kind: fc.constant('elements' as const),
            set: fc.constant(set),
            elements: fc.array(anyElementOf(set)),
          }),
        }),
      ),
    ) as fc.Arbitrary<Operation>
    fc.assert(
      fc.property(fc.array(anyOperation), (operations) => {
        const verbs = /^(add|create|insert|replace|delete|destroy|flush) /
        for (const operation of operations) {
          expect(formatOperation(operation)).toMatch(verbs)
          expect(formatTransaction(createTransaction([operation]))).toMatch(verbs)
        }
        expect(() => formatTransaction(createTransaction(operations))).not.toThrow()
      }),
      { numRuns: 200 },
    )
  })

  it('shows what nft has no words for', () => {
    expect(formatRule(rule(c, [raw({ kind: 'unknown', name: 'osf', data: new Uint8Array() })]))).toBe('<osf>')
    expect(
      formatRule(
        rule(c, [
          raw(
            { kind: 'payload', base: 'inner', offset: 2, len: 2, dreg: 0 },
            { kind: 'cmp', op: 'eq', sreg: 0, data: Uint8Array.of(0, 80) },
          ),
        ]),
      ),
    ).toBe('@ih,16,16 0x50')
    expect(formatRule(rule(c, [raw({ kind: 'cmp', op: 'eq', sreg: 3, data: Uint8Array.of(1) })]))).toBe(
      '<register 3> 0x1',
    )
  })
})
