import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { anyAttributes } from '../testing/arbitraries.ts'
import { encodeAttributes } from './attributes.ts'
import { createAttributeInterner } from './intern.ts'
import { formatNlri } from './nlri.ts'
import { defaultWireOptions, type WireOptions } from './options.ts'
import { attributeRows } from './path-attributes.ts'
import { type DecodedUpdate, decodeUpdate } from './update.ts'
import { ByteWriter } from './writer.ts'

const origin = '40010100'
const path = '40020602010000fc00'
const nextHop = '4003040a000002'
const good = origin + path + nextHop
const block = '1a0af40040'

interface Fields {
  readonly withdrawn?: string
  readonly attributes?: string
  readonly nlri?: string
}

/** A whole UPDATE of these hex fields, with right lengths. */
function update({ withdrawn = '', attributes = good, nlri = block }: Fields): Uint8Array {
  const size = (text: string): string => (text.length / 2).toString(16).padStart(4, '0')
  const body = size(withdrawn) + withdrawn + size(attributes) + attributes + nlri
  const length = (19 + body.length / 2).toString(16).padStart(4, '0')
  return new Uint8Array(Buffer.from(`${'ff'.repeat(16)}${length}02${body}`, 'hex'))
}

const decode = (fields: Fields, options: Partial<WireOptions> = {}): DecodedUpdate =>
  decodeUpdate(update(fields), { ...defaultWireOptions, ...options })

const external = { peer: 'external' } as const
const disable = { onMalformedMultiprotocol: 'afi-safi-disable' } as const
const mpV6 = `800e1e00020110${'20010db8'.padEnd(32, '0')}0040fd00006500000000`
const cases: readonly (Fields & {
  readonly given: string
  readonly action: DecodedUpdate['action']
  readonly subcode: number
  readonly options?: Partial<WireOptions>
})[] = [
  // RFC 7606 §3, §4: the frame
  { given: 'a prefix of /33', nlri: '210af4004000', action: 'session-reset', subcode: 10 },
  { given: 'a prefix that is cut', nlri: '1a0af4', action: 'session-reset', subcode: 10 },
  { given: 'a withdrawn prefix that is cut', withdrawn: '18', action: 'session-reset', subcode: 10 },
  { given: 'an attribute over the end', attributes: `${good}c0080800000001`, action: 'treat-as-withdraw', subcode: 1 },
  { given: 'the same without a prefix', attributes: 'c00808', nlri: '', action: 'session-reset', subcode: 1 },
  {
    given: 'COMMUNITIES twice',
    attributes: `${good}c00804${'0'.repeat(8)}c00804ffffffff`,
    action: 'attribute-discard',
    subcode: 1,
  },
  { given: 'MP_REACH_NLRI twice', attributes: `${good}${mpV6}${mpV6}`, action: 'session-reset', subcode: 1 },
  { given: 'an unknown well-known attribute', attributes: `${good}406300`, action: 'session-reset', subcode: 2 },
  { given: 'ORIGIN marked optional', attributes: `c0010100${path}${nextHop}`, action: 'treat-as-withdraw', subcode: 4 },
  // RFC 7606 §3 d: what must be there
  { given: 'no ORIGIN', attributes: path + nextHop, action: 'treat-as-withdraw', subcode: 3 },
  { given: 'no AS_PATH', attributes: origin + nextHop, action: 'treat-as-withdraw', subcode: 3 },
  { given: 'no NEXT_HOP', attributes: origin + path, action: 'treat-as-withdraw', subcode: 3 },
  // RFC 7606 §7: each attribute
  { given: 'ORIGIN 3', attributes: `40010103${path}${nextHop}`, action: 'treat-as-withdraw', subcode: 6 },
  { given: 'ORIGIN of 2 octets', attributes: `4001020000${path}${nextHop}`, action: 'treat-as-withdraw', subcode: 5 },
  {
    given: 'an AS_PATH segment 5',
    attributes: `${origin}40020605010000fc00${nextHop}`,
    action: 'treat-as-withdraw',
    subcode: 11,
  },
  {
    given: 'an empty AS_PATH segment',
    attributes: `${origin}4002020200${nextHop}`,
    action: 'treat-as-withdraw',
    subcode: 11,
  },
  {
    given: 'an AS_PATH segment that is cut',
    attributes: `${origin}40020602020000fc00${nextHop}`,
    action: 'treat-as-withdraw',
    subcode: 11,
  },
  {
    given: 'a confederation from outside',
    attributes: `${origin}40020603010000fc00${nextHop}`,
    options: external,
    action: 'treat-as-withdraw',
    subcode: 11,
  },
  {
    given: 'NEXT_HOP of 5 octets',
    attributes: `${origin}${path}4003050a00000200`,
    action: 'treat-as-withdraw',
    subcode: 5,
  },
  { given: 'MED of 3 octets', attributes: `${good}800403000000`, action: 'treat-as-withdraw', subcode: 5 },
  { given: 'LOCAL_PREF of 3 octets', attributes: `${good}400503000000`, action: 'treat-as-withdraw', subcode: 5 },
  {
    given: 'LOCAL_PREF of 3 octets from outside',
    attributes: `${good}400503000000`,
    options: external,
    action: 'attribute-discard',
    subcode: 1,
  },
  {
    given: 'ORIGINATOR_ID from outside',
    attributes: `${good}8009040a000001`,
    options: external,
    action: 'attribute-discard',
    subcode: 1,
  },
  {
    given: 'CLUSTER_LIST from outside',
    attributes: `${good}800a040a000001`,
    options: external,
    action: 'attribute-discard',
    subcode: 1,
  },
  { given: 'CLUSTER_LIST of 5 octets', attributes: `${good}800a050a00000100`, action: 'treat-as-withdraw', subcode: 5 },
  { given: 'ATOMIC_AGGREGATE with a value', attributes: `${good}40060100`, action: 'attribute-discard', subcode: 5 },
  { given: 'AGGREGATOR of 6 octets', attributes: `${good}c00706fc000a000001`, action: 'attribute-discard', subcode: 5 },
  {
    given: 'COMMUNITIES of 6 octets',
    attributes: `${good}c00806000000000000`,
    action: 'treat-as-withdraw',
    subcode: 5,
  },
  { given: 'empty COMMUNITIES', attributes: `${good}c00800`, action: 'treat-as-withdraw', subcode: 5 },
  {
    given: 'EXTENDED_COMMUNITIES of 4 octets',
    attributes: `${good}c01004ffffffff`,
    action: 'treat-as-withdraw',
    subcode: 5,
  },
  {
    given: 'LARGE_COMMUNITY of 8 octets',
    attributes: `${good}c02008${'0'.repeat(16)}`,
    action: 'treat-as-withdraw',
    subcode: 5,
  },
  {
    given: 'AS4_PATH malformed',
    attributes: `${good}c0110205`.concat('00'),
    options: { as4: true },
    action: 'attribute-discard',
    subcode: 9,
  },
  { given: 'AIGP malformed', attributes: `${good}801a03010002`, action: 'attribute-discard', subcode: 9 },
  { given: 'OTC of 3 octets', attributes: `${good}c02303000000`, action: 'treat-as-withdraw', subcode: 5 },
  // RFC 7606 §7.11: multiprotocol
  {
    given: 'an IPv6 next hop of 8 octets',
    attributes: `${good}800e0e00020108${'0'.repeat(16)}0000`,
    action: 'session-reset',
    subcode: 9,
  },
  {
    given: 'the same, with a milder choice',
    attributes: `${good}800e0e00020108${'0'.repeat(16)}0000`,
    options: disable,
    action: 'afi-safi-disable',
    subcode: 9,
  },
  {
    given: 'an IPv4 next hop of 16 octets, not agreed on',
    attributes: `${good}800e1500010110${'0'.repeat(34)}`,
    action: 'session-reset',
    subcode: 9,
  },
  {
    given: 'MP_UNREACH_NLRI with a prefix of /129',
    attributes: `${good}800f0400020181`,
    options: disable,
    action: 'afi-safi-disable',
    subcode: 9,
  },
  {
    given: 'MP_REACH_NLRI that is cut',
    attributes: `${good}800e03000201`,
    options: disable,
    action: 'session-reset',
    subcode: 9,
  },
  { given: 'a family that is not in use', attributes: `${good}800f03000180`, action: 'attribute-discard', subcode: 9 },
]

describe('a faulty UPDATE', () => {
  it.each(cases)('$given: $action ($subcode)', ({ action, subcode, options, ...fields }) => {
    const decoded = decode(fields, options)
    expect(decoded.action).toBe(action)
    expect(decoded.faults).toContainEqual(expect.objectContaining({ code: 3, subcode }))
  })

  it('keeps the first of two, and the rest of the attributes', () => {
    const decoded = decode({ attributes: `${good}c0080400000001c0080400000002` })
    expect(decoded).toMatchObject({ update: { attributes: { communities: [1], nextHop: '10.0.0.2' } } })
  })

  it('names all prefixes to withdraw, of all fields', () => {
    const decoded = decode({ withdrawn: '080b', attributes: `40010103${path}${nextHop}${mpV6}` })
    if (decoded.action !== 'treat-as-withdraw') expect.fail(decoded.action)
    expect(decoded.withdrawn.flatMap(formatNlri)).toEqual(['11.0.0.0/8', '10.244.0.64/26', 'fd00:65::/64'])
  })

  it('takes the most severe of several', () => {
    const decoded = decode({ attributes: `${good}40060100c00800406300` })
    expect(decoded).toMatchObject({ action: 'session-reset', fault: { subcode: 2, attribute: 0x63 } })
    expect(decoded.faults.map((fault) => fault.action)).toEqual([
      'attribute-discard',
      'treat-as-withdraw',
      'session-reset',
    ])
  })
})

describe('attributes', () => {
  it('has rows ascending by type, one for each', () => {
    const types = attributeRows.map(({ type }) => type)
    expect(types).toEqual([...new Set(types)].sort((a, b) => a - b))
  })

  it('passes on what it does not know, marked partial, and drops what is not transitive', () => {
    const decoded = decode({ attributes: `${good}c0fa0201028 0fb00`.replace(' ', '') })
    expect(decoded).toMatchObject({
      action: 'accept',
      update: { attributes: { unknown: [{ flags: 0xe0, type: 250, value: Uint8Array.of(1, 2) }] } },
    })
  })

  it('clears host bits of a prefix', () => {
    expect(decode({ nlri: '1a0af4007f' })).toMatchObject({ update: { nlri: { words: Uint32Array.of(0x0af40040) } } })
  })

  it('restores 4-octet numbers from AS4_PATH, and the part that it lacks', () => {
    const old = `${origin}40020802035ba05ba0fc00${nextHop}c0110a020200030d4000 00fc00`.replace(' ', '')
    expect(decode({ attributes: old }, { as4: false })).toMatchObject({
      action: 'accept',
      update: { attributes: { asPath: [{ type: 2, asns: [23456, 200_000, 64512] }] } },
    })
  })

  it('sends nothing to an external peer that only internal ones may see', () => {
    const writer = new ByteWriter()
    const internal = { localPref: 1, originatorId: '10.0.0.1', clusterList: ['10.0.0.1'] }
    encodeAttributes(writer, internal, { ...defaultWireOptions, peer: 'external' })
    expect(writer.length).toBe(0)
  })

  it('interns: equal bytes give the identical attributes, other bytes do not, in bounded memory', () => {
    const interner = createAttributeInterner(8)
    const writer = new ByteWriter()
    fc.assert(
      fc.property(anyAttributes(true), (attributes) => {
        encodeAttributes(writer.reset(), attributes, defaultWireOptions)
        const first = interner.decode(writer.bytes, defaultWireOptions)
        expect(interner.decode(writer.bytes.slice(), defaultWireOptions)).toBe(first)
        expect(interner.decode(writer.bytes, { ...defaultWireOptions, peer: 'external' })).not.toBe(first)
        expect(first.attributes).toEqual(attributes)
        expect(interner.size).toBeLessThanOrEqual(8)
      }),
    )
  })

  it('interns thousands, and finds nearly all of them again', () => {
    const interner = createAttributeInterner(4096)
    const decode = (med: number) => {
      encodeAttributes(writer.reset(), { origin: 0, med }, defaultWireOptions)
      return interner.decode(writer.bytes, defaultWireOptions)
    }
    const writer = new ByteWriter()
    const first = Array.from({ length: 4000 }, (_, med) => decode(med))
    expect(interner.size).toBe(4000)
    expect(first.every(({ attributes }, med) => attributes.med === med)).toBe(true)
    const again = first.filter((set, med) => decode(med) === set).length
    expect(again).toBeGreaterThan(3900)
  })
})
