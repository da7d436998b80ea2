/** User data as nft keeps it on objects: a list of type u8, length u8, value (libnftnl udata). */
export interface UserDatum {
  readonly type: number
  readonly value: Uint8Array
}

/** nft shows it as `comment "…"` on tables, chains, rules and elements. */
export const commentType = 0
/** On sets the comment has another number, because 0 to 6 are notes about types: libnftnl/udata.h. */
export const setCommentType = 7

/** @throws RangeError for a value over 255 bytes */
export function encodeUserData(data: readonly UserDatum[]): Uint8Array {
  const bytes = new Uint8Array(data.reduce((sum, { value }) => sum + 2 + value.length, 0))
  let at = 0
  for (const { type, value } of data) {
    if (value.length > 255) throw new RangeError(`user data of ${value.length} bytes is over 255`)
    bytes[at] = type
    bytes[at + 1] = value.length
    bytes.set(value, at + 2)
    at += 2 + value.length
  }
  return bytes
}

/** Stops at the first entry that does not fit: user data is free to be anything. */
export function decodeUserData(bytes: Uint8Array): UserDatum[] {
  const data: UserDatum[] = []
  for (let at = 0; at + 2 <= bytes.length; ) {
    const end = at + 2 + (bytes[at + 1] ?? 0)
    if (end > bytes.length) break
    data.push({ type: bytes[at] ?? 0, value: bytes.subarray(at + 2, end) })
    at = end
  }
  return data
}

/** One comment, for tables, chains, rules and elements; at most 128 characters for nft to show it. */
export function comment(text: string): Uint8Array {
  return encodeUserData([{ type: commentType, value: zeroEnded(text) }])
}

/** One comment, for sets and maps. */
export function setComment(text: string): Uint8Array {
  return encodeUserData([{ type: setCommentType, value: zeroEnded(text) }])
}

/** The comment in user data, if it has one. @param type `setCommentType` for sets and maps */
export function commentOf(userData: Uint8Array | undefined, type: number = commentType): string | undefined {
  const found = userData && decodeUserData(userData).find((datum) => datum.type === type)
  return found && new TextDecoder().decode(found.value).replace(/\0$/, '')
}

function zeroEnded(text: string): Uint8Array {
  return new TextEncoder().encode(`${text}\0`)
}
