import type { Family } from '@tortie/ip'
import type { PathView, Rib } from '../rib/contract.ts'
import type { MrtPeer } from './record.ts'
import { dumpTable, type TableDump, type TablePath } from './table-dump.ts'

export interface RibDump extends Omit<TableDump, 'peers' | 'paths'> {
  readonly rib: Pick<Rib, 'paths'>
  /** By the key that `RibPeer` gives them. */
  readonly peers: ReadonlyMap<string, MrtPeer>
}

/** Stands for us, as the peer of our own routes: its address is unspecified, which is what BIRD writes too. */
const ourselves: MrtPeer = { bgpId: '0.0.0.0', address: '::', as: 0 }

/**
 * What a speaker holds, as TABLE_DUMP_V2: every path of both families that its import filter let in, as it left it. Peer
 * 0 is the speaker itself. Routes may change between chunks: each prefix is as it is when its chunk is taken. Paths of a
 * peer that is not listed are left out. The RIB keeps no times: the time of the dump stands for them.
 * @throws as `writeMrt`
 */
export function dumpRib({ rib, peers, ...rest }: RibDump): Generator<Uint8Array> {
  const numbers = new Map([...peers.keys()].map((key, i) => [key, i + 1]))
  const originatedTime = Math.floor(rest.timeUs / 1_000_000)
  const paths = tablePaths(rib, (peer) => (peer === undefined ? 0 : numbers.get(peer)), originatedTime)
  return dumpTable({ ...rest, peers: [ourselves, ...peers.values()], paths })
}

function* tablePaths(
  rib: Pick<Rib, 'paths'>,
  numberOf: (peer: string | undefined) => number | undefined,
  originatedTime: number,
): Generator<TablePath> {
  for (const family of [4, 6] as const satisfies Family[])
    for (const view of rib.paths(family)) {
      const peer = numberOf(view.peer)
      if (peer !== undefined && isAccepted(view)) yield tablePath(view, peer, originatedTime)
    }
}

const isAccepted = ({ status }: PathView): boolean => status !== 'rejected' && status !== 'looped'

/** An identifier of 0 is none: only sessions with ADD-PATH have others. */
function tablePath({ prefix, pathId, nextHop, attributes }: PathView, peer: number, originatedTime: number): TablePath {
  return {
    prefix,
    peer,
    originatedTime,
    ...(pathId ? { pathId } : {}),
    ...(nextHop === undefined ? {} : { nextHop }),
    attributes,
  }
}
