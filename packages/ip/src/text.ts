/** Address text without bigint. An IPv6 address lies in `scratch`; nothing here outlives one call. */
export const scratch: DataView = new DataView(new ArrayBuffer(16))

/** The address as an unsigned 32-bit number, or why it is none. */
export function parseV4(text: string): number | string {
  return readV4(text, 0)
}

function readV4(text: string, from: number): number | string {
  let address = 0
  let dots = 0
  let part = -1
  for (let i = from; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code >= 48 && code <= 57) {
      if (part === 0) return 'a number has a leading zero'
      part = (part < 0 ? 0 : part * 10) + code - 48
      if (part > 255) return 'a number is over 255'
    } else if (code === 46) {
      if (part < 0 || dots === 3) return 'it needs four numbers between dots'
      address = address * 256 + part
      dots++
      part = -1
    } else return `unexpected ${JSON.stringify(text[i])}`
  }
  return dots === 3 && part >= 0 ? address * 256 + part : 'it needs four numbers between dots'
}

/** Leaves the address in `scratch`; returns why `text` is none, or undefined. */
export function parseV6(text: string): string | undefined {
  let groups = 0
  let gap = -1
  let at = 0
  if (text.startsWith('::')) {
    gap = 0
    at = 2
  }
  while (at < text.length) {
    const end = groupEnd(text, at)
    if (text.charCodeAt(end) === 46) {
      const v4 = readV4(text, at)
      if (typeof v4 === 'string') return v4
      if (groups > 6) return wrongCount
      scratch.setUint32(2 * groups, v4)
      groups += 2
      break
    }
    if (end === at || end - at > 4) return badGroup(text, at)
    if (groups === 8) return wrongCount
    scratch.setUint16(2 * groups++, hex(text, at, end))
    if (end === text.length) break
    if (text.charCodeAt(end) !== 58) return badGroup(text, at)
    at = end + 1
    if (text.charCodeAt(at) === 58) {
      if (gap >= 0) return '"::" appears twice'
      gap = groups
      at++
    } else if (at === text.length) return 'it ends in a single ":"'
  }
  return spread(groups, gap)
}

const wrongCount = 'it needs eight groups, or fewer with "::"'

function badGroup(text: string, at: number): string {
  return `bad group ${JSON.stringify(text.slice(at).split(':', 1)[0])}`
}

function groupEnd(text: string, from: number): number {
  let at = from
  while (at < text.length && digit(text.charCodeAt(at)) >= 0) at++
  return at
}

function digit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48
  const letter = (code | 32) - 87
  return letter >= 10 && letter <= 15 ? letter : -1
}

function hex(text: string, from: number, to: number): number {
  let value = 0
  for (let i = from; i < to; i++) value = value * 16 + digit(text.charCodeAt(i))
  return value
}

/** Moves the groups after `::` to the end and fills the gap with zeros. */
function spread(groups: number, gap: number): string | undefined {
  if (gap < 0) return groups === 8 ? undefined : wrongCount
  if (groups > 7) return wrongCount
  const shift = 8 - groups
  for (let i = 7; i >= gap; i--) scratch.setUint16(2 * i, i - shift >= gap ? scratch.getUint16(2 * (i - shift)) : 0)
  return undefined
}

export function formatV4(value: number): string {
  return `${value >>> 24}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}`
}

/** RFC 5952 text of the 16 bytes at `offset`. */
export function formatV6(view: DataView, offset: number): string {
  const mapped = view.getUint32(offset) === 0 && view.getUint32(offset + 4) === 0
  if (mapped && view.getUint32(offset + 8) === 0xffff) return `::ffff:${formatV4(view.getUint32(offset + 12))}`
  const [start, end] = longestZeroRun(view, offset)
  let text = ''
  for (let i = 0; i < 8; i++) {
    if (i === start) {
      text += '::'
      i = end - 1
    } else text += (i === 0 || i === end ? '' : ':') + view.getUint16(offset + 2 * i).toString(16)
  }
  return text
}

/** RFC 5952 §4.2: the first of the longest runs of two or more zero groups; [-1, -1] when there is none. */
function longestZeroRun(view: DataView, offset: number): readonly [start: number, end: number] {
  let best: readonly [number, number] = [-1, -1]
  for (let start = 0; start < 8; start++) {
    let end = start
    while (end < 8 && view.getUint16(offset + 2 * end) === 0) end++
    if (end - start >= 2 && end - start > best[1] - best[0]) best = [start, end]
    start = Math.max(start, end)
  }
  return best
}
