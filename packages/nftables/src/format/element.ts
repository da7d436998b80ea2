import { keySize } from '../key.ts'
import type { Element, Elements, NftSet, PackedElements } from '../object/object.ts'
import { commentOf } from '../user-data.ts'
import { formatVerdict } from '../verdict.ts'
import { keyText, quoted } from './value.ts'

/** Elements as nft lists them, a range as one. @param most how many; the rest are counted */
export function elementTexts(list: Elements | PackedElements, most: number = Number.POSITIVE_INFINITY): string[] {
  const texts = list.kind === 'elements' ? listTexts(list, most) : packedTexts(list, most)
  const count = list.kind === 'elements' ? list.elements.filter(({ intervalEnd }) => !intervalEnd).length : list.count
  return count > texts.length ? [...texts, `… ${count - texts.length} more`] : texts
}

function listTexts({ set, elements }: Elements, most: number): string[] {
  const texts: string[] = []
  for (let i = 0; i < elements.length && texts.length < most; i++) {
    const element = elements[i] ?? {}
    if (element.intervalEnd) continue
    const next = elements[i + 1]
    texts.push(elementText(set, element, rangeEnd(set, element, next)))
  }
  return texts
}

/** Last key of the range that `element` starts: `keyEnd`, or the key before the end that follows. */
function rangeEnd(set: NftSet, { key, keyEnd }: Element, next: Element | undefined): Uint8Array | undefined {
  if (keyEnd || !set.interval || !key || set.key.length > 1) return keyEnd
  if (!next?.intervalEnd || !next.key) return new Uint8Array(key.length).fill(0xff)
  return decremented(next.key)
}

function decremented(key: Uint8Array): Uint8Array {
  const before = key.slice()
  for (let i = before.length - 1; i >= 0; i--) {
    before[i] = ((before[i] ?? 0) - 1) & 0xff
    if (before[i] !== 0xff) break
  }
  return before
}

function packedTexts({ set, count, keys, ends }: PackedElements, most: number): string[] {
  const size = keySize(set.key)
  return Array.from({ length: Math.min(count, most) }, (_, i) => {
    const slice = (bytes: Uint8Array): Uint8Array => bytes.subarray(i * size, (i + 1) * size)
    return spanText(set, slice(keys), ends && slice(ends))
  })
}

function elementText(
  set: NftSet,
  { key, data, verdict, timeoutMs, userData }: Element,
  end: Uint8Array | undefined,
): string {
  const comment = commentOf(userData)
  const parts = [key ? spanText(set, key, end) : '*']
  if (timeoutMs !== undefined) parts.push(`timeout ${timeoutMs}ms`)
  if (comment !== undefined) parts.push(`comment ${quoted(comment)}`)
  if (verdict) parts.push(`: ${formatVerdict(verdict)}`)
  else if (data) parts.push(`: ${keyText(set.data === undefined || set.data === 'verdict' ? [] : set.data, data)}`)
  return parts.join(' ')
}

/** `10.0.0.1`, `80-90`, `10.0.0.0-10.0.0.255 . 80`. */
function spanText(set: NftSet, key: Uint8Array, end: Uint8Array | undefined): string {
  const from = keyText(set.key, key)
  const to = end === undefined ? from : keyText(set.key, end)
  if (from === to) return from
  const last = to.split(' . ')
  return from
    .split(' . ')
    .map((field, i) => (field === last[i] ? field : `${field}-${last[i]}`))
    .join(' . ')
}
