import fc from 'fast-check'
import { type Address, type Family, width } from '../address.ts'
import { type Prefix, prefixOf } from '../prefix.ts'

/** Addresses of one family, or both; zeros and ones are frequent, so that runs and borders occur. */
export function anyAddress(...families: readonly Family[]): fc.Arbitrary<Address> {
  const group = fc.oneof(fc.constantFrom(0, 0, 1, 0xffff), fc.integer({ min: 0, max: 0xffff }))
  return fc
    .constantFrom(...(families.length > 0 ? families : ([4, 6] as const)))
    .chain((family) =>
      fc
        .array(group, { minLength: width(family) / 16, maxLength: width(family) / 16 })
        .map((groups) => ({ family, value: groups.reduce((value, next) => (value << 16n) | BigInt(next), 0n) })),
    )
}

export function anyPrefix(...families: readonly Family[]): fc.Arbitrary<Prefix> {
  return anyAddress(...families).chain((address) =>
    fc.integer({ min: 0, max: width(address.family) }).map((length) => prefixOf(address, length)),
  )
}

/** Prefixes of few addresses, near each other, so that they nest, touch and repeat. */
export function crowdedPrefix(...families: readonly Family[]): fc.Arbitrary<Prefix> {
  return fc
    .tuple(
      fc.constantFrom(...(families.length > 0 ? families : ([4, 6] as const))),
      fc.integer({ min: 0, max: 63 }),
      fc.integer({ min: 0, max: 6 }),
    )
    .map(([family, offset, host]) => {
      const base = family === 4 ? 0x0a000000n : 0xfd80_24e2_f998_72d6_0000_0000_ffff_ffc0n
      return prefixOf({ family, value: base + BigInt(offset) }, width(family) - host)
    })
}
