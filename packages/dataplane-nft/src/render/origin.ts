import type { Direction, PolicyId } from '@tortie/dataplane'

/** Where a kernel rule comes from, kept in its user data so that `why` needs no guessing. */
export type Origin =
  | { readonly kind: 'rule'; readonly policy: PolicyId; readonly direction: Direction; readonly index: number }
  | { readonly kind: 'tier-end'; readonly tier: string; readonly direction: Direction }
  | { readonly kind: 'no-match'; readonly direction: Direction }

/** `np/prod/web ingress[3]`, `tier default ingress end`, `no match ingress`. */
export function formatOrigin(origin: Origin): string {
  if (origin.kind === 'rule') return `${origin.policy} ${origin.direction}[${origin.index}]`
  if (origin.kind === 'tier-end') return `tier ${origin.tier} ${origin.direction} end`
  return `no match ${origin.direction}`
}

/** undefined for rules that come from no policy. */
export function parseOrigin(text: string): Origin | undefined {
  const rule = /^(\S+) (ingress|egress)\[(\d+)\]$/.exec(text)
  if (rule?.[1]) return { kind: 'rule', policy: rule[1], direction: rule[2] as Direction, index: Number(rule[3]) }
  const end = /^tier (\S+) (ingress|egress) end$/.exec(text)
  if (end?.[1]) return { kind: 'tier-end', tier: end[1], direction: end[2] as Direction }
  const none = /^no match (ingress|egress)$/.exec(text)
  return none ? { kind: 'no-match', direction: none[1] as Direction } : undefined
}
