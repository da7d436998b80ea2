import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { anyOpen, anyOptions, anyUpdate } from '../testing/arbitraries.ts'
import { MessageFramer } from './framer.ts'
import { createAttributeInterner } from './intern.ts'
import { type DecodedMessage, decodeMessage, encodeMessage, keepalive, type Message } from './message.ts'
import { formatNlri, nlriOf } from './nlri.ts'
import { notification, shutdown } from './notification.ts'
import { defaultWireOptions, type WireOptions } from './options.ts'
import { emptyUpdate, endOfRib, endOfRibFamily, type UpdateMessage } from './update.ts'

const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'))
const hex = (text: string): Uint8Array => bytesOf('ff'.repeat(16) + text)
const withAddPath: WireOptions = { ...defaultWireOptions, addPath: { 4: true, 6: true } }

function updateIn(decoded: DecodedMessage): UpdateMessage {
  if (decoded.kind === 'update' && 'update' in decoded.decoded) return decoded.decoded.update
  throw new Error(`no update: ${JSON.stringify(decoded)}`)
}

const calicoOpen: Message = {
  kind: 'OPEN',
  myAs: 64512,
  holdTime: 240,
  bgpId: '10.0.0.2',
  capabilities: [
    { kind: 'multiprotocol', afi: 1, safi: 1 },
    { kind: 'routeRefresh' },
    {
      kind: 'gracefulRestart',
      restarting: false,
      notification: false,
      time: 120,
      families: [{ afi: 1, safi: 1, forwarding: false }],
    },
    { kind: 'fourOctetAs', as: 64512 },
    { kind: 'addPath', families: [{ afi: 1, safi: 1, receive: true, send: true }] },
    { kind: 'enhancedRouteRefresh' },
    { kind: 'longLivedGracefulRestart', families: [] },
  ],
}
const attributes = { origin: 0, asPath: [], localPref: 2147482623 } as const
const vectors: readonly { readonly what: string; readonly text: string; readonly message: Message }[] = [
  {
    what: 'OPEN of a Calico IPv4 daemon',
    text: '003f0104fc0000f00a0000022202200104000100010200400600780001010041040000fc0045040001010346004700',
    message: calicoOpen,
  },
  {
    what: 'UPDATE of a block to an internal peer',
    text: '00350200000015400101004002004003040a0000024005047ffffbff000000011a0af40040',
    message: {
      ...emptyUpdate,
      nlri: nlriOf(4, ['10.244.0.64/26'], [1]),
      attributes: { ...attributes, nextHop: '10.0.0.2' },
    },
  },
  {
    what: 'withdrawal of the block',
    text: '0020020009000000011a0af400400000',
    message: { ...emptyUpdate, withdrawn: nlriOf(4, ['10.244.0.64/26'], [1]) },
  },
  {
    what: 'UPDATE of an IPv6 block',
    text:
      '0052020000003b800e2a0002011020010db800000000000000000000000200000000017afd0000650000000000000000' +
      '00000040400101004002004005047ffffbff',
    message: {
      ...emptyUpdate,
      mpReach: { nextHop: '2001:db8::2', nlri: nlriOf(6, ['fd00:65::40/122'], [1]) },
      attributes,
    },
  },
  { what: 'End-of-RIB of IPv4', text: '00170200000000', message: endOfRib(4) },
  { what: 'End-of-RIB of IPv6', text: '001d0200000006800f03000201', message: endOfRib(6) },
  { what: 'ROUTE-REFRESH', text: '00170500010001', message: { kind: 'ROUTE-REFRESH', afi: 1, safi: 1, subtype: 0 } },
  { what: 'BoRR', text: '00170500010101', message: { kind: 'ROUTE-REFRESH', afi: 1, safi: 1, subtype: 1 } },
  {
    what: 'Cease with a text',
    text: '001b030602056279652121',
    message: shutdown('administrativeShutdown', 'bye!!'),
  },
  { what: 'KEEPALIVE', text: '001304', message: keepalive },
]

describe('on the wire', () => {
  it.each(vectors)('$what', ({ text, message }) => {
    expect(encodeMessage(message, withAddPath)).toEqual(hex(text))
    const decoded = decodeMessage(hex(text), withAddPath)
    const back = decoded.kind === 'message' ? decoded.message : updateIn(decoded)
    // Without prefixes the columns are shared and have no path identifiers.
    if (back.kind === 'UPDATE' && message.kind === 'UPDATE') expect(texts(back)).toEqual(texts(message))
    else expect(back).toEqual(message)
  })

  const texts = ({ nlri, withdrawn, mpReach, mpUnreach, attributes }: UpdateMessage) => ({
    nlri: formatNlri(nlri),
    ids: [...(nlri.pathIds ?? [])],
    withdrawn: formatNlri(withdrawn),
    reach: mpReach && [mpReach.nextHop, formatNlri(mpReach.nlri)],
    unreach: mpUnreach && formatNlri(mpUnreach),
    attributes,
  })

  it('tells End-of-RIB from other updates', () => {
    for (const family of [4, 6] as const) {
      const update = updateIn(decodeMessage(encodeMessage(endOfRib(family), withAddPath), withAddPath))
      expect(endOfRibFamily(update)).toBe(family)
    }
    expect(endOfRibFamily({ ...emptyUpdate, attributes })).toBeUndefined()
  })
})

describe('decode after encode gives the same', () => {
  it('OPEN', () => {
    fc.assert(
      fc.property(anyOpen, (open) => {
        const decoded = decodeMessage(encodeMessage(open, defaultWireOptions), defaultWireOptions)
        expect(decoded).toEqual({ kind: 'message', message: open })
      }),
    )
  })

  it('UPDATE, with any options', () => {
    const any = anyOptions.chain((options) => fc.tuple(fc.constant(options), anyUpdate(options)))
    fc.assert(
      fc.property(any, ([options, update]) => {
        const decoded = decodeMessage(encodeMessage(update, options), options)
        expect(decoded).toEqual({ kind: 'update', decoded: { action: 'accept', update, faults: [] } })
      }),
    )
  })

  it('NOTIFICATION', () => {
    const byte = fc.nat(255)
    fc.assert(
      fc.property(byte, byte, fc.uint8Array({ maxLength: 300 }), (code, subcode, data) => {
        const message = notification(code, subcode, data)
        const decoded = decodeMessage(encodeMessage(message, defaultWireOptions), defaultWireOptions)
        expect(decoded).toEqual({ kind: 'message', message })
      }),
    )
  })
})

describe('limits', () => {
  const long = { ...emptyUpdate, attributes: { communities: Array.from({ length: 2000 }, (_, i) => i) } }

  it('refuses to encode what is over the limit, and appends nothing', () => {
    expect(() => encodeMessage(long, defaultWireOptions)).toThrow(/over the limit of 4096/)
    expect(encodeMessage(long, { ...defaultWireOptions, extendedMessage: true })).toHaveLength(23 + 4 + 8000)
  })

  it('answers a long message with Bad Message Length unless it was agreed on', () => {
    const bytes = encodeMessage(long, { ...defaultWireOptions, extendedMessage: true })
    const answer = notification(1, 2, bytes.slice(16, 18))
    expect(decodeMessage(bytes, defaultWireOptions)).toEqual({ kind: 'error', notification: answer })
  })

  it.each([
    { what: 'a broken marker', bytes: bytesOf(`00${'ff'.repeat(15)}001304`), code: 1, subcode: 1 },
    { what: 'a KEEPALIVE with a body', bytes: hex('00140400'), code: 1, subcode: 2 },
    { what: 'an unknown type', bytes: hex('001309'), code: 1, subcode: 3 },
    { what: 'a short OPEN', bytes: hex('001c0104fc0000f00a000002'), code: 1, subcode: 2 },
    { what: 'version 3', bytes: hex('001d0103fc0000f00a00000200'), code: 2, subcode: 1 },
    { what: 'an unknown parameter', bytes: hex('001f0104fc0000f00a000002020100'), code: 2, subcode: 4 },
    { what: 'a cut parameter', bytes: hex('001f0104fc0000f00a000002020204'), code: 2, subcode: 0 },
    { what: 'a ROUTE-REFRESH of 24 octets', bytes: hex('0018050001000100'), code: 7, subcode: 1 },
  ])('$what: $code/$subcode', ({ bytes, code, subcode }) => {
    expect(decodeMessage(bytes, defaultWireOptions)).toMatchObject({ kind: 'error', notification: { code, subcode } })
  })
})

describe('a mutated message', () => {
  const any = anyOptions.chain((options) =>
    fc.tuple(
      fc.constant(options),
      fc.oneof(anyUpdate(options), anyUpdate(options), anyOpen).map((message) => encodeMessage(message, options)),
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 8 }),
      fc.nat(),
    ),
  )

  it('never throws, and what comes out is no larger than a multiple of what came in', () => {
    const interner = createAttributeInterner(50)
    fc.assert(
      fc.property(any, ([options, valid, changes, cut]) => {
        const bytes = valid.slice(0, cut % 4 === 0 ? 19 + (cut % (valid.length - 18)) : valid.length)
        for (const [at, value] of changes) bytes[16 + (at % (bytes.length - 16))] = value
        // Most mutations should reach the decoders, so the length is made right again for half of them.
        if (cut % 2 === 0) new DataView(bytes.buffer).setUint16(16, bytes.length)
        const decoded = decodeMessage(bytes, options, interner)
        expect(interner.size).toBeLessThanOrEqual(50)
        if (decoded.kind === 'update') {
          expect(decoded.decoded.faults.length).toBeLessThanOrEqual(17)
          if ('update' in decoded.decoded) expect(decoded.decoded.update.nlri.count).toBeLessThanOrEqual(bytes.length)
        }
      }),
      { numRuns: Number(process.env.TORTIE_FUZZ_RUNS ?? 5000) },
    )
  })
})

describe('the framer', () => {
  const messages = vectors.map(({ message }) => encodeMessage(message, withAddPath))
  const stream = Uint8Array.from(messages.flatMap((bytes) => [...bytes]))

  it('finds the messages however the stream is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 20 }), (sizes) => {
        const framer = new MessageFramer()
        const found: Uint8Array[] = []
        for (let at = 0, i = 0; at < stream.length; i++) {
          const size = sizes[i % sizes.length]!
          const fault = framer.push(stream.subarray(at, at + size), (bytes) => found.push(bytes.slice()) > 0)
          expect(fault).toBeUndefined()
          at += size
        }
        expect(found).toEqual(messages)
        expect(framer.pending).toBe(0)
      }),
    )
  })

  it('stops at what is no header, as soon as the header is there', () => {
    const framer = new MessageFramer()
    const never = () => expect.fail('no message is there')
    expect(framer.push(hex('ffff02'), never)).toEqual(notification(1, 2, Uint8Array.of(255, 255)))
    expect(new MessageFramer().push(new Uint8Array(19), never)).toEqual(notification(1, 1))
  })
})
