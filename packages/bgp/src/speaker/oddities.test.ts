import { expect, it } from 'vitest'
import { encodeMessage, keepalive } from '../message/message.ts'
import { defaultWireOptions } from '../message/options.ts'
import { createLab, neighbor } from '../testing/lab.ts'

/** Spec 05 C6, row 21: OPENs as few speakers send them, and that are right (RFC 4271 §4.2, 5492, 4760 §8, 9072). */
const [us, them] = ['10.0.0.1', '10.0.0.2'] as const
const never = new AbortController().signal
const as = 64512
const mp4 = [1, 4, 0, 1, 0, 1]
const as4 = [65, 4, 0, 0, as >> 8, as & 255]
const parameter = (...capabilities: number[][]): number[] => [2, capabilities.flat().length, ...capabilities.flat()]
const short = (...parameters: number[]): number[] => [parameters.length, ...parameters]
/** RFC 9072: lengths of two octets. */
const extended = (...capabilities: number[][]): number[] => {
  const all = capabilities.flat()
  return [255, 255, 0, all.length + 3, 2, 0, all.length, ...all]
}

function open(optional: readonly number[]): Uint8Array {
  const body = [4, as >> 8, as & 255, 0, 90, 10, 0, 0, 2, ...optional]
  const size = 19 + body.length
  return Uint8Array.from([...Array.from({ length: 16 }, () => 255), size >> 8, size & 255, 1, ...body])
}

it.each<[string, readonly number[], object]>([
  ['no capabilities: IPv4 and 2-octet AS numbers are meant', short(), { families: [4], send: { as4: false } }],
  ['no multiprotocol capability', short(...parameter(as4)), { families: [4], send: { as4: true } }],
  ['one parameter for each capability', short(...parameter(mp4), ...parameter(as4)), { send: { as4: true } }],
  ['the same capability twice', short(...parameter(mp4, mp4, as4, as4)), { families: [4], send: { as4: true } }],
  ['unknown capabilities', short(...parameter([200, 3, 1, 2, 3], mp4, [201, 0])), { families: [4] }],
  ['families that we do not carry', short(...parameter([1, 4, 0, 25, 0, 65], mp4)), { families: [4] }],
  ['an empty parameter', short(2, 0, ...parameter(mp4)), { families: [4] }],
  ['a capability of a wrong length, which is ignored', short(...parameter(mp4, [64, 1, 9])), { families: [4] }],
  ['extended lengths that need not be', extended(mp4, as4), { families: [4], send: { as4: true } }],
])('an OPEN with %s is taken', async (_, optional, session) => {
  const lab = createLab()
  const node = lab.node(us, [neighbor(them, { passive: true, families: [4, 6] })])
  await lab.pass(0.1)
  const network = lab.network.host(them)
  const socket = await lab.clock.drive(network.connect({ address: us, port: 179 }, { ttl: 64 }, { signal: never }))
  socket.start({ data: () => undefined, drain: () => undefined, end: () => undefined })
  socket.write(open(optional))
  socket.write(encodeMessage(keepalive, defaultWireOptions))
  await lab.until('it is established', () => node.peer(them).state === 'Established', 5)
  expect(node.peer(them).session).toMatchObject(session)
  await lab.end()
})
