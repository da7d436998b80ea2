import { describe, expect, it } from 'vitest'
import { fnv1, goRandom, randomBelow } from './go-random.ts'
import { cookedState } from './go-random-state.ts'

/** Drawn by Go 1.2x: `new(big.Int).Rand(rand.New(rand.NewSource(int64(fnv32(host)))), 1<<bits)`. */
const starts: readonly (readonly [host: string, bits: number, start: bigint])[] = [
  ['', 0, 0n],
  ['', 1, 0n],
  ['', 8, 88n],
  ['', 10, 271n],
  ['', 16, 44216n],
  ['', 32, 39795800n],
  ['', 64, 17130459029863087192n],
  ['', 74, 18197999117648352831759n],
  ['', 112, 2978071211161004568686920942435416n],
  ['node-1', 0, 0n],
  ['node-1', 1, 0n],
  ['node-1', 8, 25n],
  ['node-1', 10, 338n],
  ['node-1', 16, 40414n],
  ['node-1', 32, 2171471316n],
  ['node-1', 64, 11517535834728865246n],
  ['node-1', 74, 6236780179776727651668n],
  ['node-1', 112, 248446089141646144007912138273334n],
  ['node-2', 0, 0n],
  ['node-2', 1, 0n],
  ['node-2', 8, 5n],
  ['node-2', 10, 988n],
  ['node-2', 16, 12255n],
  ['node-2', 32, 145073116n],
  ['node-2', 64, 5974933049441005535n],
  ['node-2', 74, 101365587388571952092n],
  ['node-2', 112, 2350394783216943591509038904127455n],
  ['ip-10-0-3-17.eu-west-1.compute.internal', 0, 0n],
  ['ip-10-0-3-17.eu-west-1.compute.internal', 1, 1n],
  ['ip-10-0-3-17.eu-west-1.compute.internal', 8, 235n],
  ['ip-10-0-3-17.eu-west-1.compute.internal', 10, 235n],
  ['ip-10-0-3-17.eu-west-1.compute.internal', 16, 36297n],
  ['ip-10-0-3-17.eu-west-1.compute.internal', 32, 2242112535n],
  ['ip-10-0-3-17.eu-west-1.compute.internal', 64, 3507217022699605449n],
  ['ip-10-0-3-17.eu-west-1.compute.internal', 74, 9632707623499085549001n],
  ['ip-10-0-3-17.eu-west-1.compute.internal', 112, 4038145652139958936397461038831672n],
  ['knoten-ä', 0, 0n],
  ['knoten-ä', 1, 0n],
  ['knoten-ä', 8, 12n],
  ['knoten-ä', 10, 12n],
  ['knoten-ä', 16, 22046n],
  ['knoten-ä', 32, 4181597176n],
  ['knoten-ä', 64, 14582392051278798860n],
  ['knoten-ä', 74, 3424295758836584940278n],
  ['knoten-ä', 112, 480119326190019612452147854303244n],
  ['load-balancer', 0, 0n],
  ['load-balancer', 1, 1n],
  ['load-balancer', 8, 74n],
  ['load-balancer', 10, 586n],
  ['load-balancer', 16, 33354n],
  ['load-balancer', 32, 4281500234n],
  ['load-balancer', 64, 14070066968429623145n],
  ['load-balancer', 74, 18350133676235723929449n],
  ['load-balancer', 112, 2524367713056232248574891496614573n],
  ['a', 0, 0n],
  ['a', 1, 1n],
  ['a', 8, 148n],
  ['a', 10, 294n],
  ['a', 16, 38827n],
  ['a', 32, 362059691n],
  ['a', 64, 5904752426154066752n],
  ['a', 74, 15965299940874213083625n],
  ['a', 112, 3439702853347657359975375183636114n],
]

/** Drawn by Go: seed, first and 1001st of `rand.New(rand.NewSource(seed)).Uint32()`. */
const draws: readonly (readonly [seed: bigint, first: number, later: number])[] = [
  [0n, 4059586549, 2283595303],
  [1n, 2596996162, 1782762371],
  [-1n, 1697317822, 2510476411],
  [1764010000123456789n, 1602046790, 266532494],
  [2147483647n, 4059586549, 2283595303],
  [4294967295n, 2596996162, 1782762371],
]

describe('Go’s random numbers', () => {
  it.each(draws)('seed %s', (seed, first, later) => {
    const draw = goRandom(seed)
    expect(draw()).toBe(first)
    let last = 0
    for (let i = 0; i < 1_000; i++) last = draw()
    expect(last).toBe(later)
  })

  it.each(starts)('host %j among 2^%i blocks begins at %s', (host, bits, start) => {
    expect(randomBelow(goRandom(BigInt(fnv1(host))), 1n << BigInt(bits))).toBe(start)
  })

  it('stay below a limit that is no power of two', () => {
    const draw = goRandom(7n)
    for (let i = 0; i < 200; i++) {
      const value = randomBelow(draw, 3n)
      expect(value >= 0n && value < 3n).toBe(true)
    }
  })
})

describe('the stored state', () => {
  it('is what 7.8e12 steps lead to', () => expect(Array.from(cookedState())).toEqual(jumpAhead(7_800_000_000_000n)))
})

const [size, word] = [607, (1n << 64n) - 1n]

/** The generator's registers after `steps`, by powers of x modulo x^607 = x^334 + 1 instead of one step at a time. */
function jumpAhead(steps: bigint): bigint[] {
  const registers = firstRegisters()
  const position = (k: bigint): number => Number((((334n - k) % 607n) + 607n) % 607n)
  const sequence = Array.from({ length: size }, (_, i) => registers[position(BigInt(i - 606))] ?? 0n)
  let power = [1n, ...Array<bigint>(size - 1).fill(0n)]
  for (const bit of steps.toString(2)) {
    power = reduce(unpack(pack(power) ** 2n, 2 * size))
    if (bit === '1') power = reduce([0n, ...power])
  }
  const state = Array<bigint>(size).fill(0n)
  for (let j = 0; j < size; j++) {
    const value = power.reduce((sum, factor, i) => sum + factor * (sequence[i] ?? 0n), 0n) & word
    state[position(steps - 606n + BigInt(j))] = value
    power = reduce([0n, ...power])
  }
  return state
}

function firstRegisters(): bigint[] {
  let x = 1
  const next = (): bigint => {
    x = (x * 48_271) % (2 ** 31 - 1)
    return BigInt(x)
  }
  for (let i = 0; i < 20; i++) next()
  return Array.from({ length: size }, () => (next() << 20n) ^ (next() << 10n) ^ next())
}

/** A polynomial as one number with 144 bits for each coefficient: one multiplication of numbers is one of polynomials. */
function pack(polynomial: readonly bigint[]): bigint {
  return BigInt(
    `0x${polynomial
      .map((factor) => factor.toString(16).padStart(36, '0'))
      .reverse()
      .join('')}`,
  )
}

function unpack(packed: bigint, length: number): bigint[] {
  const digits = packed.toString(16).padStart(36 * length, '0')
  return Array.from({ length }, (_, i) => {
    const end = digits.length - 36 * i
    return BigInt(`0x${digits.slice(end - 36, end)}`) & word
  })
}

function reduce(polynomial: readonly bigint[]): bigint[] {
  const rest = [...polynomial]
  for (let i = rest.length - 1; i >= size; i--) {
    const factor = rest[i] ?? 0n
    rest[i - size] = ((rest[i - size] ?? 0n) + factor) & word
    rest[i - size + 334] = ((rest[i - size + 334] ?? 0n) + factor) & word
  }
  return rest.slice(0, size)
}
