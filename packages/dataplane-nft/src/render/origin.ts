import type { Direction, PolicyId } from '@tortie/dataplane'
import { digest } from './names.ts'

/** Where a kernel rule comes from, kept in its user data so that `why` needs no guessing. */
export type Origin =
  | { readonly kind: 'rule'; readonly policy: PolicyId; readonly direction: Direction; readonly index: number }
  | { readonly kind: 'tier-end'; readonly tier: string; readonly direction: Direction }
  | { readonly kind: 'no-match'; readonly direction: Direction }

/** `np/prod/web ingress[3]`, `tier default ingress end`, `no match ingress`. */
export function formatOrigin(origin: Origin): string {
  if (origin.kind === 'rule') return `${shortId(origin.policy)} ${origin.direction}[${origin.index}]`
  if (origin.kind === 'tier-end') return `tier ${shortId(origin.tier)} ${origin.direction} end`
  return `no match ${origin.direction}`
}

/** nft shows comments of up to 128 bytes, and ids may be longer. */
const longestId = 100

/** An id as origins have it: itself, or when it is long its beginning and a digest. */
export function shortId(id: string): string {
  return id.length <= longestId ? id : `${id.slice(0, longestId - 17)}~${digest(id)}`
}

/** Policy and tier as `shortId` has them. undefined for rules that come from no policy. */
export function parseOrigin(text: string): Origin | undefined {
  const rule = /^(\S+) (ingress|egress)\[(\d+)\]$/.exec(text)
  if (rule?.[1]) return { kind: 'rule', policy: rule[1], direction: rule[2] as Direction, index: Number(rule[3]) }
  const end = /^tier (\S+) (ingress|egress) end$/.exec(text)
  if (end?.[1]) return { kind: 'tier-end', tier: end[1], direction: end[2] as Direction }
  const none = /^no match (ingress|egress)$/.exec(text)
  return none ? { kind: 'no-match', direction: none[1] as Direction } : undefined
}
