import {
  createMap,
  createPackedElements,
  createSet,
  type Element,
  type Elements,
  element,
  type NftSet,
  type Verdict as NftVerdict,
  type PackedElements,
  packAddresses,
  packKeys,
  packPrefixes,
  packRanges,
  range,
  type TableRef,
} from '@tortie/nftables'
import type { SetHeader, Verdict } from '../render/ruleset.ts'
import { fieldRows, parseKey, parseKeyRange } from './key-text.ts'

export function encodeSet(table: TableRef, { name, fields, interval, verdicts }: SetHeader): NftSet {
  const key = fields.map((field) => fieldRows[field].type)
  const options = interval ? ({ interval: true } as const) : {}
  return verdicts ? createMap(table, name, key, 'verdict', options) : createSet(table, name, key, options)
}

export type Entry = readonly [key: string, element: Verdict | null]

/** Elements to add; to delete, verdicts do not matter. None for no entries. */
export function encodeElements(
  table: TableRef,
  header: SetHeader,
  entries: readonly Entry[],
): (Elements | PackedElements)[] {
  if (entries.length === 0) return []
  const set = encodeSet(table, header)
  if (header.verdicts) {
    const elements = entries.flatMap((entry) => verdictElements(header, set, entry))
    return [{ kind: 'elements', set, elements }]
  }
  const keys = entries.map(([key]) => key)
  return [createPackedElements(set, packAny(header, set, keys))]
}

/** PERF: addresses and prefixes, nearly all that there is, go from text to bytes without a value for each. */
function packAny(header: SetHeader, { key }: NftSet, keys: readonly string[]): ReturnType<typeof packKeys> {
  const [type, another] = key
  if (!another && (type === 'ipv4_addr' || type === 'ipv6_addr')) {
    if (!header.interval) return packAddresses(type, keys)
    if (keys.every((text) => text.includes('/'))) return packPrefixes(type, keys)
  }
  if (header.interval)
    return packRanges(
      key,
      keys.map((text) => parseKeyRange(header, text)),
    )
  return packKeys(
    key,
    keys.map((text) => parseKey(header, text)),
  )
}

function verdictElements(header: SetHeader, { key }: NftSet, [text, to]: Entry): Element[] {
  const extra = to ? { verdict: encodeVerdict(to) } : {}
  if (!header.interval) return [element(key, parseKey(header, text), extra)]
  const [first, last] = parseKeyRange(header, text)
  return range(key, first, last, extra)
}

function encodeVerdict(verdict: Verdict): NftVerdict {
  return 'chain' in verdict ? { kind: verdict.go, chain: verdict.chain } : { kind: verdict.go }
}
