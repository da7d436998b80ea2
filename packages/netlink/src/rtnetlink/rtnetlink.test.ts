import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { forEachMessage, type Message } from '../wire/reader.ts'
import { createMessageWriter } from '../wire/writer.ts'
import { decodeInterfaceAddress, type InterfaceAddress } from './address.ts'
import { decodeEvents } from './announcement.ts'
import { createRtnetlink } from './client.ts'
import { links, type NewLink } from './link.ts'
import { decodeLink } from './link-decode.ts'
import { decodeFdbEntry, decodeNeighbour, type FdbEntry, type Neighbour } from './neighbour.ts'
import { encodeRequest, formatRequest, type Request } from './request.ts'
import { type Route, routeTypes } from './route.ts'
import { decodeRoute } from './route-decode.ts'
import { decodeRule, type RoutingRule, ruleActions } from './rule.ts'

const u32 = (min = 0) => fc.integer({ min, max: 0xffffffff })
const u8 = fc.integer({ min: 0, max: 255 })
const octet = u8.map((byte) => byte.toString(16).padStart(2, '0'))
const anyMac = fc.array(octet, { minLength: 6, maxLength: 6 }).map((bytes) => bytes.join(':'))
const anyV4 = fc.tuple(u8, u8, u8, u8).map((bytes) => bytes.join('.'))
/** Canonical by construction: no zero group to compress. */
const anyV6 = fc
  .array(fc.integer({ min: 1, max: 0xffff }), { minLength: 8, maxLength: 8 })
  .map((groups) => groups.map((group) => group.toString(16)).join(':'))
const ifindex = fc.integer({ min: 1, max: 0x7fffffff })
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined })
/** Without the fields that are undefined, as the types want it. */
const exact = <T>(value: object): T =>
  Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as T

const roundTrip = <T>(request: Request, decode: (message: Message) => T): T => {
  const writer = createMessageWriter(32)
  encodeRequest(writer, request, 7, true)
  const decoded: T[] = []
  forEachMessage(writer.bytes, (message) => decoded.push(decode(message)))
  expect(decoded).toHaveLength(1)
  return decoded[0] as T
}

const routeOf = (v6: boolean): fc.Arbitrary<Route> => {
  const address = v6 ? anyV6 : anyV4
  const hop = fc
    .record({
      oif: ifindex,
      gateway: optional(fc.oneof(anyV4, anyV6)),
      weight: fc.integer({ min: 1, max: 256 }),
      onlink: optional(fc.constant(true)),
    })
    .map((fields) => exact<NonNullable<Route['multipath']>[number]>(fields))
  return fc
    .record({
      dst: fc.tuple(address, fc.integer({ min: 0, max: v6 ? 128 : 32 })).map(([ip, length]) => `${ip}/${length}`),
      type: fc.constantFrom(...routeTypes),
      table: u32(1),
      protocol: u8,
      scope: u8,
      priority: optional(u32()),
      prefsrc: optional(address),
      mtu: optional(u32(1)),
      tos: optional(fc.integer({ min: 1, max: 255 })),
      onlink: optional(fc.constant(true)),
      way: fc.oneof(
        fc.record({ oif: optional(ifindex), gateway: optional(fc.oneof(anyV4, anyV6)) }),
        fc.record({ multipath: fc.array(hop, { minLength: 1, maxLength: 4 }) }),
      ),
    })
    .map(({ way, ...fields }) => exact<Route>({ ...fields, ...way }))
}

describe('every message decodes back to what encoded it', () => {
  it('routes', () => {
    fc.assert(
      fc.property(fc.boolean().chain(routeOf), fc.constantFrom('add' as const, 'replace' as const), (route, verb) => {
        expect(roundTrip({ kind: 'route', verb, route }, decodeRoute)).toEqual(route)
      }),
    )
  })

  it('addresses', () => {
    const any = fc.record({ ifindex, ip: fc.oneof(anyV4, anyV6), length: fc.integer({ min: 0, max: 32 }), scope: u8 })
    fc.assert(
      fc.property(any, optional(fc.constant(true)), ({ ip, length, ...rest }, nodad) => {
        const address = exact<InterfaceAddress>({ ...rest, address: `${ip}/${length}`, nodad })
        expect(roundTrip({ kind: 'address', verb: 'add', address }, decodeInterfaceAddress)).toEqual(address)
      }),
    )
  })

  it('neighbours and forwarding entries', () => {
    const state = fc.integer({ min: 0, max: 0xffff })
    const any = fc.record({ ifindex, dst: fc.oneof(anyV4, anyV6), mac: optional(anyMac), state, flags: u8 })
    fc.assert(
      fc.property(any, (fields) => {
        const neighbour = exact<Neighbour>(fields)
        expect(roundTrip({ kind: 'neighbour', verb: 'replace', neighbour }, decodeNeighbour)).toEqual(neighbour)
      }),
    )
    const vlan = optional(fc.integer({ min: 1, max: 4094 }))
    const anyEntry = fc.record({ ifindex, mac: anyMac, dst: optional(fc.oneof(anyV4, anyV6)), state, flags: u8, vlan })
    fc.assert(
      fc.property(anyEntry, (fields) => {
        const entry = exact<FdbEntry>(fields)
        expect(roundTrip({ kind: 'fdb', verb: 'append', entry }, decodeFdbEntry)).toEqual(entry)
      }),
    )
  })

  it('rules', () => {
    const name = fc.stringMatching(/^[a-z]{1,15}$/)
    const any = fc.record({
      family: fc.constant(4 as const),
      priority: u32(),
      table: u32(1),
      action: fc.constantFrom(...ruleActions.slice(1, 4)),
      mark: optional(u32()),
      mask: optional(u32()),
      invert: optional(fc.constant(true)),
      src: optional(anyV4.map((ip) => `${ip}/32`)),
      dst: optional(anyV4.map((ip) => `${ip}/24`)),
      iif: optional(name),
      oif: optional(name),
      suppressPrefixLength: optional(fc.integer({ min: 0, max: 32 })),
      goto: optional(u32(1)),
      protocol: optional(u8),
    })
    fc.assert(
      fc.property(any, (fields) => {
        const rule = exact<RoutingRule>(fields.action === 'to-table' ? fields : { ...fields, table: 254 })
        const decoded = roundTrip({ kind: 'rule', verb: 'add', rule }, decodeRule)
        expect(decoded).toEqual(rule)
      }),
    )
  })

  it('links', () => {
    const anyVxlan = fc
      .record({
        id: fc.integer({ min: 1, max: 0xffffff }),
        local: optional(fc.oneof(anyV4, anyV6)),
        link: optional(ifindex),
        port: fc.integer({ min: 1, max: 65535 }),
        learning: fc.boolean(),
      })
      .map((fields) => exact<Extract<NewLink, { kind: 'vxlan' }>['vxlan']>(fields))
    const settings = fc.record({ mac: anyMac, mtu: u32(68), master: ifindex, group: u32(), up: fc.boolean() })
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z][a-z0-9.-]{0,14}$/), settings, anyVxlan, (name, fields, vxlan) => {
        const link: NewLink = { ...fields, name, kind: 'vxlan', vxlan }
        expect(roundTrip({ kind: 'link', verb: 'add', link }, decodeLink)).toMatchObject(link)
      }),
    )
  })
})

describe('requests', () => {
  it('refuse what the kernel could only misunderstand', () => {
    const encode = (request: Request) => () => encodeRequest(createMessageWriter(), request, 1, false)
    const named = (name: string): Request => ({ kind: 'link', verb: 'add', link: { kind: 'bridge', name } })
    expect(encode(named('sixteen-letters-'))).toThrow(/interface 'sixteen-letters-': a name has 1 to 15/)
    expect(encode(named(''))).toThrow(/a name has 1 to 15/)
    expect(encode({ kind: 'route', verb: 'add', route: { dst: '10.0.0.1' } })).toThrow(/with its length/)
    const mac = { ifindex: 1, dst: '10.0.0.1', mac: 'ee:ee' }
    expect(encode({ kind: 'neighbour', verb: 'add', neighbour: mac })).toThrow(/write six bytes/)
  })

  it('say what they are', () => {
    const route: Route = { dst: '10.0.0.0/8', type: 'blackhole', table: 7, protocol: 80, priority: 5, onlink: true }
    expect(formatRequest({ kind: 'route', verb: 'add', route })).toBe(
      'add route blackhole 10.0.0.0/8 table 7 proto 80 metric 5 onlink',
    )
    expect(formatRequest({ kind: 'link', verb: 'delete', link: { group: 9 } })).toBe('delete link group 9')
  })

  it('are told apart by their place, over several datagrams', async () => {
    const sent: number[] = []
    const client = createRtnetlink({
      portId: 1,
      exchangeSync: () => [],
      async exchange(bytes) {
        const answers: Uint8Array[] = []
        forEachMessage(bytes, ({ seq }) => {
          sent.push(seq)
          if (seq % 1500 === 0) answers.push(createMessageWriter().begin(2, 0, seq).u32(-17).zeros(16).end().bytes)
        })
        return answers
      },
      [Symbol.dispose]: () => undefined,
    })
    const requests = Array.from(
      { length: 3200 },
      (_, i): Request => ({
        kind: 'route',
        verb: 'add',
        route: { dst: `10.0.${i >> 8}.${i & 255}/32`, oif: 2 },
      }),
    )
    const call = { signal: new AbortController().signal }
    const refusals = await client.attempt(requests, call)
    expect(refusals.map(({ facts }) => facts)).toMatchObject([{ index: 1499 }, { index: 2999 }])
    expect(refusals[0]?.message).toBe('add route 10.0.5.219/32 dev #2: EEXIST')
    expect(new Set(sent).size).toBe(3200)
    await expect(client.run(requests, call)).rejects.toThrow(/EEXIST/)
  })
})

it('a dump that is interrupted is read again, and given up after the fifth time', () => {
  const answer = (interruptions: number) => {
    let reads = 0
    const exchangeSync = (): Uint8Array[] => {
      const flags = ++reads <= interruptions ? 0x10 : 0
      return [createMessageWriter().begin(16, flags, 1).zeros(16).attrString(3, 'eth0').end().bytes]
    }
    const exchange = async (): Promise<Uint8Array[]> => exchangeSync()
    return createRtnetlink({ portId: 1, exchangeSync, exchange, [Symbol.dispose]: () => undefined })
  }
  expect(answer(4).readSync(links())).toMatchObject([{ name: 'eth0' }])
  expect(() => answer(5).readSync(links())).toThrow(/links changed while it was read/)
})

it('a scan hands over each object, begins anew after an interruption, and pauses in between', async () => {
  const call = { signal: new AbortController().signal }
  let reads = 0
  const datagram = (flags: number): Uint8Array =>
    createMessageWriter().begin(16, flags, 1).zeros(16).attrString(3, 'eth0').end().bytes
  const exchange = async (): Promise<Uint8Array[]> => {
    // Only the last datagram of the first answer says that it was interrupted.
    const last = reads++ === 0 ? 0x10 : 0
    return Array.from({ length: 100 }, (_, i) => datagram(i === 99 ? last : 0))
  }
  const client = createRtnetlink({
    portId: 1,
    exchange,
    exchangeSync: () => [],
    [Symbol.dispose]: () => undefined,
  })
  const seen: number[] = []
  let pauses = 0
  const begin = (): (() => void) => {
    const at = seen.push(0) - 1
    return () => {
      seen[at] = (seen[at] ?? 0) + 1
    }
  }
  await client.scan(links(), begin, call, async () => pauses++)
  expect(seen).toEqual([100, 100])
  expect(pauses).toBe(6)
})

it('events leave out what one socket asked for', () => {
  const writer = createMessageWriter()
  for (const portId of [7, 0, 8]) {
    const at = writer.length
    encodeRequest(writer, { kind: 'route', verb: 'add', route: { dst: `10.0.0.${portId}/32` } }, 1, false)
    new DataView(writer.buffer.buffer).setUint32(at + 12, portId, true)
  }
  const destinations = (except?: number): string[] =>
    decodeEvents(writer.bytes, except).map((event) => (event.kind === 'route' ? event.route.dst : event.kind))
  expect(destinations()).toEqual(['10.0.0.7/32', '10.0.0.0/32', '10.0.0.8/32'])
  expect(destinations(7)).toEqual(['10.0.0.0/32', '10.0.0.8/32'])
})

it('events of random bytes are events or errors of this package', () => {
  const messages = fc.tuple(fc.integer({ min: 16, max: 33 }), fc.uint8Array({ minLength: 12, maxLength: 80 }))
  fc.assert(
    fc.property(messages, ([type, payload]) => {
      const { bytes } = createMessageWriter().begin(type, 0, 1).raw(payload).zeros(16).end()
      try {
        decodeEvents(bytes)
      } catch (error) {
        expect((error as Error).name).toMatch(/NetlinkError|RangeError/)
      }
    }),
    { numRuns: 3000 },
  )
})
