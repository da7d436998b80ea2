import fc from 'fast-check'
import { type Block, newBlock, windowsReservation } from '../block/block.ts'

/** A step on a block, as data, so that a sequence of them shrinks. */
export type BlockStep =
  | { readonly do: 'take'; readonly count: number; readonly handle: string | undefined; readonly node: string }
  | { readonly do: 'takeAddress'; readonly ordinal: number; readonly handle: string }
  | { readonly do: 'release'; readonly ordinals: readonly number[] }
  | { readonly do: 'releaseHandle'; readonly handle: string }
  | { readonly do: 'collect' }
  | { readonly do: 'wait'; readonly seconds: number }

const handle = fc.constantFrom('net.a', 'net.b', 'net.c')

export function anySteps(size: number): fc.Arbitrary<BlockStep[]> {
  const ordinal = fc.nat(size - 1)
  return fc.array(
    fc.oneof(
      fc.record({
        do: fc.constant('take' as const),
        count: fc.integer({ min: 1, max: 3 }),
        handle: fc.option(handle, { nil: undefined }),
        node: fc.constantFrom('n1', 'n2'),
      }),
      fc.record({ do: fc.constant('takeAddress' as const), ordinal, handle }),
      fc.record({ do: fc.constant('release' as const), ordinals: fc.array(ordinal, { minLength: 1, maxLength: 3 }) }),
      fc.record({ do: fc.constant('releaseHandle' as const), handle }),
      fc.record({ do: fc.constant('collect' as const) }),
      fc.record({ do: fc.constant('wait' as const), seconds: fc.nat(40) }),
    ),
    { maxLength: 40 },
  )
}

/** Blocks of 8 addresses, of both families, some with a host's reservation. */
export const anyEmptyBlock: fc.Arbitrary<Block> = fc
  .tuple(fc.constantFrom('10.65.0.8/29', 'fd80::8/125'), fc.boolean())
  .map(([cidr, windows]) => newBlock(cidr, 1_754_827_200_123_456_789n, windows ? windowsReservation : undefined))
