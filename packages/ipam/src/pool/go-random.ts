import { cookedState } from './go-random-state.ts'

const size = 607
const tap = 273
const modulus = 2 ** 31 - 1
const mask63 = (1n << 63n) - 1n
let cooked: BigUint64Array | undefined

/**
 * The generator of Go's math/rand with a fixed seed: Mitchell and Reeds' additive lagged Fibonacci sequence
 * x[n] = x[n-607] + x[n-273]. Calico starts a node's search for a block with it, so two nodes that run different
 * software begin at the same block only if they draw the same numbers. Returns unsigned 32-bit draws.
 */
export function goRandom(seed: bigint): () => number {
  cooked ??= cookedState()
  let x = Number(seed % BigInt(modulus))
  if (x < 0) x += modulus
  if (x === 0) x = 89_482_311
  // Park and Miller's minimal generator with multiplier 48271.
  const next = (): bigint => {
    x = (x * 48_271) % modulus
    return BigInt(x)
  }
  for (let i = 0; i < 20; i++) next()
  const state = cooked.map((word) => (word ^ (next() << 40n) ^ (next() << 20n) ^ next()) & mask63)
  let [read, write] = [0, size - tap]
  return () => {
    read = (read + size - 1) % size
    write = (write + size - 1) % size
    const drawn = ((state[write] ?? 0n) + (state[read] ?? 0n)) & mask63
    state[write] = drawn
    return Number(drawn >> 31n)
  }
}

/**
 * A number from 0 to `limit` - 1, drawn as Go's `big.Int.Rand` does: as many 64-bit words as `limit` has, the highest
 * cut to its bits, until the number is below it. @param draw unsigned 32-bit numbers
 */
export function randomBelow(draw: () => number, limit: bigint): bigint {
  const bits = BigInt(limit.toString(2).length)
  const words = (bits + 63n) / 64n
  for (;;) {
    let value = 0n
    for (let word = 0n; word < words; word++) {
      const low = BigInt(draw())
      value |= (low | (BigInt(draw()) << 32n)) << (64n * word)
    }
    value &= (1n << bits) - 1n
    if (value < limit) return value
  }
}

/** FNV-1 (multiply, then xor), 32 bits, of the text's UTF-8. */
export function fnv1(text: string): number {
  let hash = 0x811c9dc5
  for (const byte of new TextEncoder().encode(text)) hash = (Math.imul(hash, 0x01000193) ^ byte) >>> 0
  return hash
}
