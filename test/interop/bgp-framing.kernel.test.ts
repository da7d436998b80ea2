import { openTcpNetwork } from '@tortie/linux'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Cell, createCell, ours, peer, theirs } from './bgp-lab.ts'
import { type RunningSpeaker, startSpeaker } from './speaker.ts'

/** Spec 05 C6, rows 17 and 21: octets that no daemon sends, over real sockets. */
const marker = 'ff'.repeat(16)
const keepalive = `${marker}001304`
const capability = (hex: string): string => `02${(hex.length / 2).toString(16).padStart(2, '0')}${hex}`
const as4 = '41040000fc01'
function open({
  version = '04',
  as = 'fc01',
  hold = '001e',
  id = '0a000002',
  parameters = capability(as4),
} = {}): string {
  const rest = `${version}${as}${hold}${id}${(parameters.length / 2).toString(16).padStart(2, '0')}${parameters}`
  return `${marker}${(19 + rest.length / 2).toString(16).padStart(4, '0')}01${rest}`
}
const update = (rest: string): string => `${marker}${(19 + rest.length / 2).toString(16).padStart(4, '0')}02${rest}`
/** ORIGIN, AS_PATH 64513, NEXT_HOP 10.0.0.2, and a prefix. */
const route = (prefix: string): string =>
  update(`00000014${'40010100'}${'40020602010000fc01'}${'4003040a000002'}${prefix}`)

/** What is sent instead of an OPEN, and code and subcode of the answer. */
const instead: readonly (readonly [string, string, string])[] = [
  ['a marker that is none', `${'00'.repeat(16)}001304`, '0101'],
  ['a length below 19', `${marker}001204`, '0102'],
  ['a length over 4096', `${marker}100101`, '0102'],
  ['a KEEPALIVE with a body', `${marker}00140400`, '0102'],
  ['an unknown type', `${marker}001309`, '0103'],
  ['HTTP', Buffer.from('GET / HTTP/1.1\r\nHost: bgp.example\r\n\r\n').toString('hex'), '0101'],
  ['version 3', open({ version: '03' }), '0201'],
  ['another AS', open({ as: 'fc02', parameters: capability('41040000fc02') }), '0202'],
  ['the identifier 0.0.0.0', open({ id: '00000000' }), '0203'],
  ['an unknown parameter', open({ parameters: '0102ffff' }), '0204'],
  ['a hold time of 1 s', open({ hold: '0001' }), '0206'],
  ['a KEEPALIVE', keepalive, '0501'],
  ['an UPDATE', update('00000000'), '0501'],
]
/** What is sent in an established session. */
const established: readonly (readonly [string, string, string])[] = [
  ['withdrawn routes that are longer than the message', update('ffff0000'), '0301'],
  ['attributes that are longer than the message', update('0000ffff'), '0301'],
  ['a prefix of 33 bits', update('00000000210a00000000'), '030a'],
  ['a second OPEN', open(), '0503'],
  ['a ROUTE-REFRESH of 24 octets', `${marker}001805000100010000`, '0701'],
]

let cell: Cell
let speaker: RunningSpeaker

/** A connection from the other namespace, which collects what it is told. */
async function dial() {
  const options = { localAddress: theirs(1), ttl: 64 }
  const connection = await openTcpNetwork({ netns: cell.there }).connect({ address: ours(1), port: 179 }, options, cell)
  let told = ''
  const ended = Promise.withResolvers<void>()
  connection.start({
    data: (bytes) => {
      told += Buffer.from(bytes).toString('hex')
    },
    drain: () => undefined,
    end: () => ended.resolve(),
  })
  return {
    send: (hex: string) => void connection.write(Buffer.from(hex, 'hex')),
    /** Codes of the NOTIFICATION that it was told before the end. */
    answer: async (): Promise<string | undefined> => {
      await ended.promise
      return new RegExp(`${marker}[0-9a-f]{4}03([0-9a-f]{4})`).exec(told)?.[1]
    },
    end: () => connection.abort(),
    ended: ended.promise,
  }
}
const state = (): string => speaker.peer('raw').state

beforeAll(() => {
  cell = createCell()
  const raw = peer({ key: 'raw', address: theirs(1), passive: true, idleHoldTime: { first: 0.05, longest: 0.05 } })
  speaker = startSpeaker(cell.here, { routerId: '10.0.0.1', peers: [raw] }, cell)
})
afterAll(() => cell[Symbol.asyncDispose]())

/** After an error connections are refused for a moment: until one is not. */
async function again<T>(attempt: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    try {
      const found = await attempt()
      if (found !== undefined) return found
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ECONNRESET') throw error
    }
    cell.signal.throwIfAborted()
  }
}

function session(hello: string) {
  return again(async () => {
    const raw = await dial()
    raw.send(hello + keepalive)
    const up = speaker.until('it is established', () => state() === 'Established')
    up.catch(() => undefined)
    return await Promise.race([up.then(() => raw), raw.ended.then(() => undefined)])
  })
}

describe('instead of an OPEN', () => {
  it.each(instead)('%s', async (_, hex, codes) => {
    const answer = await again(async () => {
      const raw = await dial()
      raw.send(hex)
      return raw.answer()
    })
    expect(answer).toBe(codes)
    expect(state()).not.toBe('Established')
  })
})

describe('in a session', () => {
  it.each(established)('%s', async (_, hex, codes) => {
    const answer = await again(async () => {
      const raw = await dial()
      raw.send(open() + keepalive + hex)
      return raw.answer()
    })
    expect(answer).toBe(codes)
  })

  it('one octet at a time: the route is there', async () => {
    const raw = await session(open())
    const prefix = '18c00002'
    for (let at = 0; at < route(prefix).length; at += 2) raw.send(route(prefix).slice(at, at + 2))
    await speaker.until('its route is here', () => speaker.best().includes('192.0.2.0/24'))
    raw.end()
    await speaker.until('it is over', () => state() !== 'Established')
  })

  it.each([
    ['no capability at all: IPv4', '', [4]],
    ['parameters with lengths of two octets (RFC 9072)', `ff${'0009'}${'020006'}${as4}`, [4]],
    ['each capability in a parameter of its own', capability('010400010001') + capability(as4), [4]],
    ['unknown capabilities', capability(`${as4}f0020102010400010001`), [4]],
  ] as const)('%s', async (_, parameters, families) => {
    const raw = await session(open({ parameters }))
    expect(speaker.peer('raw').session?.families).toEqual(families)
    raw.end()
    await speaker.until('it is over', () => state() !== 'Established')
  })
})
