/**
 * The firewall as plain data, one step above nf_tables expressions: what `render` makes, `plan` compares and `kernel`
 * encodes. Names of sets and chains are nf_tables names.
 */
import type { Family } from '@tortie/ip'
import type { RateLimit } from '../config.ts'

export type Side = 'source' | 'destination'

/** One match. All matches of a rule must hold. */
export type Term =
  | { readonly is: 'protocol'; readonly protocol: number; readonly not?: true }
  | { readonly is: 'protocol-in'; readonly set: string }
  | { readonly is: 'net'; readonly side: Side; readonly net: string; readonly not?: true }
  | {
      readonly is: 'address-in'
      readonly side: Side
      readonly family: Family
      readonly set: string
      readonly not?: true
    }
  | { readonly is: 'ports'; readonly side: Side; readonly first: number; readonly last: number; readonly not?: true }
  | { readonly is: 'port-in'; readonly side: Side; readonly set: string; readonly not?: true }
  | {
      readonly is: 'address-port-in'
      readonly side: Side
      readonly family: Family
      readonly set: string
      readonly not?: true
    }
  | { readonly is: 'icmp'; readonly family: Family; readonly type: number; readonly code?: number; readonly not?: true }
  | { readonly is: 'icmp-type-in'; readonly set: string }
  | { readonly is: 'family'; readonly family: Family }
  | { readonly is: 'interface'; readonly way: 'in' | 'out'; readonly prefix: string }
  | { readonly is: 'interface-in'; readonly way: 'in'; readonly set: string }
  /** (incoming interface, source address) is in the set. */
  | { readonly is: 'interface-source-in'; readonly family: Family; readonly set: string }
  | { readonly is: 'connection'; readonly states: readonly ('established' | 'related' | 'invalid')[] }
  /** The route to the source leaves through the interface that the packet came in by. */
  | { readonly is: 'route-back' }

export type Verdict =
  | { readonly go: 'accept' | 'drop' | 'return' }
  | { readonly go: 'jump' | 'goto'; readonly chain: string }

/** What a verdict map is asked with. */
export type MapKey =
  | { readonly by: 'interface'; readonly way: 'in' | 'out' }
  | { readonly by: 'family-interface'; readonly way: 'in' | 'out' }
  | { readonly by: 'protocol' }
  | { readonly by: 'protocol-port' }
  | { readonly by: 'address'; readonly side: Side; readonly family: Family }

export type Action =
  | { readonly do: 'verdict'; readonly verdict: Verdict }
  | { readonly do: 'map'; readonly key: MapKey; readonly map: string }
  | { readonly do: 'reject' }
  | { readonly do: 'log'; readonly prefix: string; readonly limit?: RateLimit }
  | { readonly do: 'masquerade'; readonly ports?: { readonly first: number; readonly last: number } }
  | {
      readonly do: 'snat'
      readonly address: string
      readonly ports?: { readonly first: number; readonly last: number }
    }

export interface RuleSpec {
  readonly terms: readonly Term[]
  readonly counter: boolean
  readonly action: Action
  /** Kept in the rule's user data: where it comes from. */
  readonly origin?: string
}

export interface BaseHook {
  readonly type: 'filter' | 'nat'
  readonly hook: 'prerouting' | 'input' | 'forward' | 'postrouting'
  readonly priority: number
}

export interface ChainSpec {
  readonly name: string
  readonly base?: BaseHook
  readonly rules: readonly RuleSpec[]
  /** Named by its content, so that the same name is the same chain. */
  readonly constant?: true
}

export type SetField = 'ipv4' | 'ipv6' | 'protocol' | 'port' | 'interface' | 'family' | 'icmp-type' | 'icmpv6-type'

/** A set, or with `verdicts` a verdict map. Elements are held apart, in `WantedSet`. */
export interface SetHeader {
  readonly name: string
  /** More than one: concatenated. */
  readonly fields: readonly SetField[]
  /** Elements may be ranges. */
  readonly interval: boolean
  readonly verdicts: boolean
  /** Named by its content, so that the same name is the same set. */
  readonly constant?: true
}

/**
 * Elements by canonical text: the fields joined by spaces, each an address, a number or a name; in interval sets an
 * address field is a prefix with length or `first-last`, a number field a number or `first-last`.
 */
export type Elements = ReadonlyMap<string, Verdict | null>

export interface SetSpec extends SetHeader {
  readonly elements: Elements
}

export const accept: Action = { do: 'verdict', verdict: { go: 'accept' } }
export const drop: Action = { do: 'verdict', verdict: { go: 'drop' } }
export const goBack: Action = { do: 'verdict', verdict: { go: 'return' } }

export function jump(chain: string): Action {
  return { do: 'verdict', verdict: { go: 'jump', chain } }
}

export function goto(chain: string): Action {
  return { do: 'verdict', verdict: { go: 'goto', chain } }
}
