import { ByteWriter } from '../message/writer.ts'
import { writeMrt } from './encode.ts'
import type { MrtPeer, RibEntry } from './record.ts'

/** One path of the table. */
export interface TablePath extends RibEntry {
  readonly prefix: string
}

export interface TableDump {
  /** Of all records. */
  readonly timeUs: number
  /** BGP identifier of the speaker, IPv4 text. */
  readonly collectorId: string
  readonly viewName?: string
  readonly peers: readonly MrtPeer[]
  /** Paths of one prefix follow each other; prefixes in any order, of both families. */
  readonly paths: Iterable<TablePath>
}

const chunkBytes = 64 << 10

/**
 * A whole table as TABLE_DUMP_V2, in chunks of about 64 KiB. Nothing is held but one chunk and the paths of one prefix,
 * and paths are taken only as chunks are: the writer of the file sets the pace.
 * @throws as `writeMrt`
 */
export function* dumpTable({ timeUs, collectorId, viewName = '', peers, paths }: TableDump): Generator<Uint8Array> {
  const writer = new ByteWriter(chunkBytes * 2)
  writeMrt(writer, { kind: 'PEER_INDEX_TABLE', timeUs, collectorId, viewName, peers })
  let sequence = 0
  for (const { prefix, entries } of byPrefix(paths)) {
    writeMrt(writer, { kind: 'RIB', timeUs, sequence, prefix, entries })
    sequence = (sequence + 1) >>> 0
    if (writer.length < chunkBytes) continue
    yield writer.bytes.slice()
    writer.reset()
  }
  yield writer.bytes.slice()
}

function* byPrefix(paths: Iterable<TablePath>): Generator<{ readonly prefix: string; readonly entries: RibEntry[] }> {
  let entries: TablePath[] = []
  for (const path of paths) {
    const [first] = entries
    if (first && first.prefix !== path.prefix) {
      yield { prefix: first.prefix, entries }
      entries = []
    }
    entries.push(path)
  }
  const [first] = entries
  if (first) yield { prefix: first.prefix, entries }
}
