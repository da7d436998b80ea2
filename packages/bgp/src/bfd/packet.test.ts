import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { anyControlPacket } from '../testing/bfd.ts'
import { bfdStates, type ControlPacket, decodeControlPacket, encodeControlPacket } from './packet.ts'

const packet: ControlPacket = {
  diag: 3,
  state: 'Up',
  poll: true,
  final: false,
  controlPlaneIndependent: true,
  demand: false,
  detectMult: 5,
  myDiscr: 0x01020304,
  yourDiscr: 0x0a0b0c0d,
  desiredMinTxInterval: 300_000,
  requiredMinRxInterval: 1_000_000,
  requiredMinEchoRxInterval: 0,
}
const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')

describe('the codec', () => {
  it('writes the fields of RFC 5880 §4.1 at their places', () => {
    expect(hex(encodeControlPacket(packet))).toBe('23e80518010203040a0b0c0d000493e0000f424000000000')
  })

  it('reads what it writes', () => {
    fc.assert(
      fc.property(anyControlPacket, (any) => {
        expect(decodeControlPacket(encodeControlPacket(any))).toEqual({ kind: 'packet', packet: any })
      }),
    )
  })

  it('takes any bytes without throwing, and whatever it accepts means the same when written again', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const decoded = decodeControlPacket(bytes)
        if (decoded.kind === 'packet') expect(decodeControlPacket(encodeControlPacket(decoded.packet))).toEqual(decoded)
      }),
    )
  })

  it('reads over what follows the packet', () => {
    const longer = new Uint8Array(30)
    longer.set(encodeControlPacket(packet))
    expect(decodeControlPacket(longer)).toEqual({ kind: 'packet', packet })
  })

  it.each([
    { why: 'length', change: (bytes: Uint8Array) => bytes.subarray(0, 23) },
    { why: 'length', change: (bytes: Uint8Array) => bytes.with(3, 23) },
    { why: 'length', change: (bytes: Uint8Array) => bytes.with(3, 25) },
    { why: 'version', change: (bytes: Uint8Array) => bytes.with(0, 0x43) },
    { why: 'authentication', change: (bytes: Uint8Array) => bytes.with(1, 0xc4) },
    { why: 'detect-mult', change: (bytes: Uint8Array) => bytes.with(2, 0) },
    { why: 'multipoint', change: (bytes: Uint8Array) => bytes.with(1, 0xc1) },
    { why: 'my-discriminator', change: (bytes: Uint8Array) => bytes.fill(0, 4, 8) },
    { why: 'your-discriminator', change: (bytes: Uint8Array) => bytes.fill(0, 8, 12) },
  ])('refuses a wrong $why', ({ why, change }) => {
    expect(decodeControlPacket(change(encodeControlPacket(packet)))).toEqual({ kind: 'refused', why })
  })

  it('a discriminator of ours may be missing only while the sender is down', () => {
    for (const state of bfdStates) {
      const decoded = decodeControlPacket(encodeControlPacket({ ...packet, state, yourDiscr: 0 }))
      expect([state, decoded.kind]).toEqual([state, state === 'Init' || state === 'Up' ? 'refused' : 'packet'])
    }
  })
})
