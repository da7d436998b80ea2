import { type AttributeSet, decodeAttributes } from './attributes.ts'
import type { WireOptions } from './options.ts'

/** Gives one decoded set for equal bytes, so that routes compare their attributes by identity. */
export interface AttributeInterner {
  /** Distinct sets held. */
  readonly size: number
  /** As `decodeAttributes`, which it calls only for bytes that it does not hold. */
  decode(bytes: Uint8Array, options: WireOptions): AttributeSet
}

interface Entry {
  readonly bytes: Uint8Array
  readonly kind: number
  readonly set: AttributeSet
}

/** The options that change what attribute bytes mean. */
function kindOf({ as4, peer }: WireOptions): number {
  return (as4 ? 1 : 0) | (peer === 'external' ? 2 : 0)
}

/**
 * An interner that holds at most `maxSets` sets and `maxBytes` of keys; when full it forgets everything and starts
 * again, so a set may then exist twice: identity is a shortcut, never a proof of difference. It serves sets that come
 * again soon; those that are in use are held once by the routing tables, and need not be held here too.
 */
export function createAttributeInterner(maxSets = 8192, maxBytes = 4 * 1024 * 1024): AttributeInterner {
  const byHash = new Map<number, Entry[]>()
  let size = 0
  let bytesHeld = 0
  return {
    get size() {
      return size
    },
    decode(bytes, options) {
      const kind = kindOf(options)
      const hash = hashOf(bytes, kind)
      const found = byHash.get(hash)?.find((entry) => entry.kind === kind && sameBytes(entry.bytes, bytes))
      if (found) return found.set
      if (size >= maxSets || bytesHeld + bytes.length > maxBytes) {
        byHash.clear()
        size = bytesHeld = 0
      }
      const entry = { bytes: bytes.slice(), kind, set: decodeAttributes(bytes, options) }
      const sameHash = byHash.get(hash)
      if (sameHash) {
        // Chosen collisions must not make a list to search: only the newest few are kept.
        if (sameHash.length >= 4) {
          bytesHeld -= sameHash.shift()?.bytes.length ?? 0
          size--
        }
        sameHash.push(entry)
      } else byHash.set(hash, [entry])
      size++
      bytesHeld += bytes.length
      return entry.set
    },
  }
}

/** FNV-1a over the bytes. */
function hashOf(bytes: Uint8Array, seed: number): number {
  let hash = 0x811c9dc5 ^ seed
  for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ (bytes[i] ?? 0), 0x01000193)
  return hash
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}
