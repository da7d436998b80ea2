import type { BgpKernelPolicy } from '@tortie/dataplane'
import { addressToBytes, containsAddress, type Family, type Prefix, parseAddress, parsePrefix } from '@tortie/ip'
import type { RouteTable } from './route-table.ts'

/** How a route goes into the kernel: not at all, by its next hops, or through tunl0. */
export type Way = 'no' | 'plain' | 'ipip' | 'ipip-cross-subnet'

/** The kernel policy, ready to be asked for a million routes. Spec 05 A8. */
export interface CompiledPolicy {
  /** For the prefix of a row, next hops aside. */
  wayOf(table: RouteTable, row: number): Way
  readonly wireguardNextHops: ReadonlySet<string>
  /** Whether `cross-subnet` leaves this next hop without a tunnel. */
  isInSubnet(nextHop: string): boolean
}

/** @throws IpError for what is no prefix */
export function compilePolicy({ rejected, pools, wireguardNextHops, subnet }: BgpKernelPolicy): CompiledPolicy {
  const ranges: { readonly holds: Holds; readonly way: Way }[] = [
    ...rejected.map((cidr) => ({ holds: holderOf(parsePrefix(cidr)), way: 'no' as const })),
    ...pools.map(({ prefix, program, ipip }) => ({
      holds: holderOf(parsePrefix(prefix)),
      way: program ? wayOf(ipip) : ('no' as const),
    })),
  ]
  const own = subnet === undefined ? undefined : parsePrefix(subnet)
  return {
    wayOf: (table, row) => ranges.find(({ holds }) => holds(table, row))?.way ?? 'plain',
    wireguardNextHops: new Set(wireguardNextHops),
    isInSubnet: (nextHop) => own !== undefined && containsAddress(own, parseAddress(nextHop)),
  }
}

function wayOf(ipip: 'always' | 'cross-subnet' | undefined): Way {
  return ipip === 'always' ? 'ipip' : ipip === 'cross-subnet' ? 'ipip-cross-subnet' : 'plain'
}

type Holds = (table: RouteTable, row: number) => boolean

/** PERF: compares words, where `containsPrefix` would make bigints for each of a million rows. */
function holderOf({ family, value, length }: Prefix): Holds {
  const bytes = addressToBytes({ family, value })
  const view = new DataView(bytes.buffer)
  const words = Array.from({ length: family === 4 ? 1 : 4 }, (_, i) => ({
    word: view.getUint32(i * 4),
    mask: maskOf(Math.min(32, Math.max(0, length - 32 * i))),
  }))
  const same: Family = family
  return (table, row) =>
    table.familyOf(row) === same &&
    table.lengthOf(row) >= length &&
    words.every(({ word, mask }, i) => (table.wordOf(row, i) & mask) === (word & mask))
}

function maskOf(bits: number): number {
  return bits === 0 ? 0 : -1 << (32 - bits)
}
