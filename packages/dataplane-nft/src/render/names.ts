import { createHash } from 'node:crypto'
import type { Direction, IpSetId, PolicyId } from '@tortie/dataplane'
import type { Family } from '@tortie/ip'

/** 96 bits of SHA-256 as text that nf_tables names may hold. */
export function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 16)
}

/** `h` host addresses, `n` CIDRs, `p` address, protocol and port. */
export type SetPart = 'h' | 'n' | 'p'

/** `s:abc` → `h4.s.abc`. Ids that nft's grammar would not take are hashed. */
export function ipSetName(part: SetPart, family: Family, id: IpSetId): string {
  const safe = /^[A-Za-z]+:[A-Za-z0-9_-]{1,200}$/.test(id)
  return `${part}${family}.${safe ? id.replace(':', '.') : `x.${digest(id)}`}`
}

const shortDirection = { ingress: 'in', egress: 'out' } as const

/** Chain of one list of tiers and profiles. */
export function listName(direction: Direction, family: Family, key: string): string {
  return `${shortDirection[direction]}${family}-${digest(key)}`
}

/** Chain of one large policy. */
export function policyName(direction: Direction, family: Family, id: PolicyId): string {
  const safe = /^[A-Za-z0-9_./-]{1,200}$/.test(id)
  return `${shortDirection[direction]}${family}-policy-${safe ? id : digest(id)}`
}

export function tierName(list: string, tier: string): string {
  return `${list}-tier-${/^[A-Za-z0-9-]{1,63}$/.test(tier) ? tier : digest(tier)}`
}
