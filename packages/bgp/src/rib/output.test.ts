import { describe, expect, it } from 'vitest'
import { acceptAll, type Filter, rejectAll } from '../filter/filter.ts'
import { decodeMessage } from '../message/message.ts'
import { defaultWireOptions, type WireOptions } from '../message/options.ts'
import { ByteWriter } from '../message/writer.ts'
import { localAs, path, RibLab, ribSession } from '../testing/rib-lab.ts'

const external: WireOptions = { ...defaultWireOptions, peer: 'external' }
const prefixes = (count: number): string[] => Array.from({ length: count }, (_, i) => `10.${i >> 8}.${i & 255}.0/24`)

/** What each message is, shortly. */
function messages(bytes: Uint8Array, options = external): string[] {
  const kinds: string[] = []
  for (let at = 0; at < bytes.length; ) {
    const size = ((bytes[at + 16] ?? 0) << 8) | (bytes[at + 17] ?? 0)
    const message = decodeMessage(bytes.slice(at, at + size), options)
    at += size
    if (message.kind === 'message') {
      const one = message.message
      kinds.push(one.kind === 'ROUTE-REFRESH' ? `${one.subtype === 1 ? 'BoRR' : 'EoRR'} ${one.afi}` : one.kind)
    } else if (message.kind === 'update' && message.decoded.action === 'accept') {
      const { withdrawn, nlri, mpReach, mpUnreach } = message.decoded.update
      const lost = withdrawn.count + (mpUnreach?.count ?? 0)
      const got = nlri.count + (mpReach?.nlri.count ?? 0)
      kinds.push(got > 0 ? `+${got}` : lost > 0 ? `-${lost}` : `EoR ${mpUnreach ? 2 : 1}`)
    } else kinds.push('error')
  }
  return kinds
}

function pair(send: WireOptions = external): { lab: RibLab; source: number; target: number } {
  const lab = new RibLab()
  const source = lab.peer('192.0.2.2', 64513)
  const target = lab.peer('192.0.2.3', 64514, {}, { send })
  return { lab, source, target }
}

describe('messages', () => {
  it('End-of-RIB of each family comes after the first transfer, also of an empty table, and once', () => {
    const { lab, source, target } = pair()
    expect(messages(lab.drain(source))).toEqual(['EoR 1', 'EoR 2'])
    lab.receive(source, ['10.0.0.0/8'], path(64513))
    expect(messages(lab.drain(target))).toEqual(['+1', 'EoR 1', 'EoR 2'])
    lab.receive(source, ['10.0.0.0/9'], path(64513))
    expect(messages(lab.drain(target))).toEqual(['+1'])
  })

  it('are filled to 4096 octets, or 65535 where that was negotiated', () => {
    for (const [extendedMessage, limit] of [
      [false, 4096],
      [true, 65_535],
    ] as const) {
      const { lab, source, target } = pair({ ...external, extendedMessage })
      for (let i = 0; i < 40_000; i += 500)
        lab.receive(
          source,
          Array.from({ length: 500 }, (_, n) => `10.${(i + n) >> 8}.${(i + n) & 255}.0/24`),
          path(64513),
        )
      const bytes = drainAtOnce(lab, target)
      const sizes: number[] = []
      for (let at = 0; at < bytes.length; at += sizes.at(-1) ?? 1)
        sizes.push(((bytes[at + 16] ?? 0) << 8) | (bytes[at + 17] ?? 0))
      expect(Math.max(...sizes)).toBeLessThanOrEqual(limit)
      // 4 octets a prefix; what is left free is less than the longest prefix with a path identifier.
      const least = Math.ceil((40_000 * 4) / (limit - 100))
      expect(sizes.length).toBeLessThanOrEqual(least + 6)
    }
  })

  it('withdraw first, then announce, one attribute set a message', () => {
    const { lab, source, target } = pair()
    lab.receive(source, prefixes(3), path(64513))
    lab.drain(target)
    lab.receive(source, ['11.0.0.0/8', '12.0.0.0/8'], path(64513, 1))
    lab.receive(source, ['13.0.0.0/8'], path(64513, 2))
    lab.receive(source, ['14.0.0.0/8'], path(64513, 1))
    lab.withdraw(source, ...prefixes(2))
    expect(messages(lab.drain(target))).toEqual(['-2', '+3', '+1'])
  })

  it('of IPv6 are in multiprotocol attributes', () => {
    const { lab, source, target } = pair()
    const all = Array.from({ length: 1000 }, (_, i) => `fd00:0:${i.toString(16)}::/48`)
    for (let i = 0; i < 1000; i += 250) lab.receive(source, all.slice(i, i + 250), path(64513))
    expect(lab.sent(target, 6)).toHaveLength(1000)
    lab.withdraw(source, ...all)
    expect(messages(lab.drain(target)).every((kind) => kind.startsWith('-'))).toBe(true)
    expect(lab.sent(target, 6)).toEqual([])
  })

  it('carry AS_TRANS to a peer with 2-octet AS numbers', () => {
    const { lab, source, target } = pair({ ...external, as4: false })
    lab.receive(source, ['10.0.0.0/8'], path(64513, 4_200_000_000))
    expect(messages(lab.drain(target), { ...external, as4: false })).toEqual(['+1', 'EoR 1', 'EoR 2'])
  })

  it('are not sent for attributes that fill one alone; what the peer had is withdrawn', () => {
    const { lab, source, target } = pair()
    lab.receive(source, ['10.0.0.0/8'], path(64513))
    lab.drain(target)
    const communities = Array.from({ length: 1020 }, (_, i) => i)
    lab.receive(source, ['10.0.0.0/8', '11.0.0.0/8'], { ...path(64513), communities })
    expect(messages(lab.drain(target))).toEqual(['-1'])
    expect(lab.rib.peerCounts(target).sent).toBe(0)
  })
})

function drainAtOnce(lab: RibLab, target: number): Uint8Array {
  lab.settle()
  const writer = new ByteWriter()
  while (lab.rib.output(target, writer, 1 << 20));
  return writer.bytes
}

describe('what changes nothing is not sent', () => {
  it('the same route again', () => {
    const { lab, source, target } = pair()
    lab.receive(source, prefixes(3), path(64513))
    lab.drain(target)
    lab.receive(source, prefixes(3), path(64513))
    expect(messages(lab.drain(target))).toEqual([])
  })

  it('a route withdrawn before it was sent', () => {
    const { lab, source, target } = pair()
    lab.drain(target)
    lab.receive(source, prefixes(3), path(64513))
    lab.settle()
    lab.withdraw(source, ...prefixes(3))
    expect(messages(lab.drain(target))).toEqual([])
  })

  it('routes that another filter leaves as they are; only differences go out, without a session reset', () => {
    const { lab, source, target } = pair()
    lab.receive(source, prefixes(5), path(64513))
    lab.drain(target)
    const without = (prefix: string): Filter => ({
      statements: [{ origin: 'x', match: { prefixes: [{ prefix, min: 24, max: 24 }] }, verdict: 'reject' }],
      otherwise: 'accept',
    })
    const change = (exportFilter: Filter): void => lab.rib.changePeer(target, { ...lab.config(target), exportFilter })
    change(without('10.0.1.0/24'))
    expect(messages(lab.drain(target))).toEqual(['-1'])
    change(without('10.0.2.0/24'))
    expect(messages(lab.drain(target))).toEqual(['-1', '+1'])
    change(rejectAll)
    expect(messages(lab.drain(target))).toEqual(['-4'])
    change(acceptAll)
    expect(messages(lab.drain(target))).toEqual(['+5'])
  })
})

describe('a refresh', () => {
  it('sends everything again between BoRR and EoRR', () => {
    const { lab, source, target } = pair()
    lab.receive(source, prefixes(3), path(64513))
    lab.drain(target)
    lab.rib.refresh(target, 4)
    expect(messages(lab.drain(target))).toEqual(['BoRR 1', '+3', 'EoRR 1'])
  })

  it('has no marks for a peer that does not know them', () => {
    const lab = new RibLab()
    const target = lab.peer('192.0.2.3', 64514, {}, { enhancedRouteRefresh: false })
    lab.receive(lab.peer('192.0.2.2', 64513), prefixes(3), path(64513))
    lab.drain(target)
    lab.rib.refresh(target, 4)
    expect(messages(lab.drain(target))).toEqual(['+3'])
  })

  it('that is asked for during the first transfer follows it', () => {
    const { lab, source, target } = pair()
    lab.receive(source, prefixes(3), path(64513))
    lab.rib.refresh(target, 4)
    expect(messages(lab.drain(target))).toEqual(['+3', 'EoR 1', 'BoRR 1', '+3', 'EoRR 1', 'EoR 2'])
  })
})

it('holds everything back, End-of-RIB too, while told so', () => {
  const { lab, source, target } = pair()
  lab.rib.holdOutput(true)
  lab.receive(source, prefixes(3), path(64513))
  expect(messages(lab.drain(target))).toEqual([])
  expect(lab.rib.takeReady()).toEqual([])
  expect(lab.rib.explainExport(target, '10.0.0.0/24')[0]).toMatchObject({ sent: false })
  lab.rib.holdOutput(false)
  expect(lab.rib.takeReady()).toEqual([source, target])
  expect(messages(lab.drain(target))).toEqual(['+3', 'EoR 1', 'EoR 2'])
})

it('goes on with a transfer where the socket was full', () => {
  const { lab, source, target } = pair()
  for (const prefix of prefixes(2000)) lab.receive(source, [prefix], path(64513))
  lab.settle()
  const writer = new ByteWriter()
  let calls = 0
  for (let more = true; more; calls++) {
    more = lab.rib.output(target, writer.reset(), 300)
    expect(writer.length).toBeLessThan(300 + 64 * 32)
    lab.receiver(target).take(writer.bytes)
  }
  expect(calls).toBeGreaterThan(5)
  expect(lab.receiver(target).size).toBe(2000)
})

it('keeps no more for a peer that takes nothing than one entry for each prefix, however often routes change', () => {
  const { lab, source, target } = pair()
  lab.receive(source, prefixes(50), path(64513))
  lab.drain(target)
  for (let i = 0; i < 2000; i++) {
    if (i % 3 === 0) lab.withdraw(source, ...prefixes(50))
    else lab.receive(source, prefixes(50), path(64513, i % 7))
    lab.settle()
    lab.drain(source)
  }
  expect(lab.rib.counts()).toMatchObject({ prefixes: { 4: 50 }, paths: { 4: 50 } })
  expect(lab.rib.counts().attributeSets).toBeLessThan(30)
  const got = messages(lab.drain(target))
  expect(got).toEqual(['+50'])
})

it('does not grow when a peer takes nothing and new prefixes come and go', () => {
  const { lab, source, target } = pair()
  lab.drain(target)
  for (let i = 0; i < 500; i++) {
    const some = Array.from({ length: 20 }, (_, n) => `11.${i >> 3}.${((i & 7) << 5) | n}.0/24`)
    lab.receive(source, some, path(64513, i))
    lab.settle()
    lab.withdraw(source, ...some)
    lab.settle()
    lab.rib.takeBest(100)
  }
  // The latest attributes, as received and as they would be sent.
  expect(lab.rib.counts()).toEqual({ prefixes: { 4: 0, 6: 0 }, paths: { 4: 0, 6: 0 }, attributeSets: 2 })
  expect(messages(lab.drain(target))).toEqual([])
})

it('remembers what a peer that takes nothing still has to hear, while others make it tidy up', () => {
  const { lab, source, target } = pair()
  lab.receive(source, prefixes(300), path(64513))
  lab.drain(target)
  lab.drain(source)
  lab.withdraw(source, ...prefixes(200))
  lab.drain(source)
  for (let i = 0; i < 20; i++) {
    lab.receive(source, prefixes(300).slice(250), path(64513, i))
    lab.drain(source)
  }
  expect(lab.sent(target)).toEqual(prefixes(300).slice(200).sort())
})

it('passes a route on to whom it came from before, when it now comes from another', () => {
  const lab = new RibLab()
  const [one, other] = [lab.peer('192.0.2.2', 64513), lab.peer('192.0.2.3', 64513)]
  lab.receive(one, ['10.0.0.0/8'], path(64513))
  lab.receive(other, ['10.0.0.0/8'], path(64513))
  expect([lab.sent(one), lab.sent(other)]).toEqual([[], ['10.0.0.0/8']])
  lab.withdraw(one, '10.0.0.0/8')
  expect([lab.sent(one), lab.sent(other)]).toEqual([['10.0.0.0/8'], []])
})

it('writes the same bytes to peers that are as far, but not to those that a path came from', () => {
  const lab = new RibLab()
  const source = lab.peer('192.0.2.2', 64513)
  const targets = [3, 4, 5].map((last) => lab.peer(`192.0.2.${last}`, 64510 + last))
  lab.receive(source, prefixes(100), path(64513))
  lab.receive(targets[1] ?? 0, ['11.0.0.0/8'], path(64514))
  const [first, second, third] = targets.map((target) => lab.drain(target))
  expect(third).toEqual(first)
  expect(second).not.toEqual(first)
  expect(targets.map((target) => lab.receiver(target).size)).toEqual([101, 100, 101])
})

it('shares one evaluation among peers that are treated alike', () => {
  const lab = new RibLab()
  const source = lab.peer('192.0.2.2', localAs)
  const targets = [3, 4, 5].map((last) => lab.peer(`192.0.2.${last}`, 64510 + last))
  lab.receive(source, prefixes(10), path())
  for (const target of targets) expect(lab.sent(target)).toHaveLength(10)
  // One set as received and one as sent, for all of them.
  expect(lab.rib.counts().attributeSets).toBe(2)
})

it('opens anew after a session loss: a fresh transfer', () => {
  const { lab, source, target } = pair()
  lab.receive(source, prefixes(3), path(64513))
  lab.drain(target)
  lab.rib.close(target, [])
  lab.open(target, ribSession(64514, '192.0.2.3'))
  expect(messages(lab.drain(target))).toEqual(['+3', 'EoR 1', 'EoR 2'])
})
