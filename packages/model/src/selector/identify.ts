import { sha224 } from '@noble/hashes/sha2.js'
import { formatSelector } from './format.ts'
import type { Selector } from './selector.ts'

/** `prefix:` and the base64url SHA-224 of `prefix:content`, 38 characters (spec 02 §1.4). */
export function uniqueId(prefix: string, content: string): string {
  const digest = sha224(new TextEncoder().encode(`${prefix}:${content}`))
  return `${prefix}:${base64url(digest)}`
}

/** Equal for equal selectors; also the id of the IP set of what it selects (spec 02 §1.4). */
export function selectorId(selector: Selector): string {
  return uniqueId('s', formatSelector(selector))
}

/** RFC 4648 §5 without padding. */
function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replace(/=+$/, '')
}
