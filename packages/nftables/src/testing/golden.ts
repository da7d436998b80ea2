import type { ChainType, Family, Hook, NftSet, TableRef, Term, Transaction } from '../index.ts'

/** One rule, as terms and as nft writes it. */
export interface Golden {
  readonly name: string
  /** Default `filter`: table inet, hook forward. */
  readonly chain?: GoldenChain
  /** What nft reads. */
  readonly nft: string
  readonly terms: (make: Make) => readonly Term[]
  readonly userData?: Uint8Array
  /** Set when nft makes other expressions of it: why. The listing is the same all the same. */
  readonly differs?: string
}

/** What a golden may refer to. */
export interface Make {
  readonly table: TableRef
  readonly transaction: Transaction
  /** Those of `goldenSets`. */
  readonly set: (name: string) => NftSet
}

export type GoldenChain = 'filter' | 'nat' | 'natPre' | 'raw' | 'ip' | 'ip6' | 'arp' | 'bridge'
export const goldenChains: Readonly<Record<GoldenChain, readonly [Family, ChainType, Hook, number]>> = {
  filter: ['inet', 'filter', 'forward', 0],
  nat: ['inet', 'nat', 'postrouting', 100],
  natPre: ['inet', 'nat', 'prerouting', -100],
  raw: ['inet', 'filter', 'prerouting', -300],
  ip: ['ip', 'filter', 'input', 0],
  ip6: ['ip6', 'filter', 'input', 0],
  arp: ['arp', 'filter', 'output', 0],
  bridge: ['bridge', 'filter', 'forward', 0],
}

/** In every golden's table of family inet. */
export const goldenSets = [
  'set h4 { type ipv4_addr; elements = { 10.0.0.1, 10.0.0.2 }; }',
  'set h6 { type ipv6_addr; elements = { fd00::1 }; }',
  'set n4 { type ipv4_addr; flags interval; elements = { 10.1.0.0/16, 10.3.0.0-10.3.0.7 }; }',
  'set p4 { type ipv4_addr . inet_proto . inet_service; elements = { 10.0.0.1 . tcp . 80 }; }',
  'set np4 { type ipv4_addr . inet_service; flags interval; elements = { 10.1.0.0/16 . 80-90 }; }',
  'map v { type ifname : verdict; elements = { "cali1" : jump x }; }',
  'map pv { type inet_proto . inet_service : verdict; elements = { tcp . 80 : accept }; }',
  'map m4 { type ipv4_addr : mark; elements = { 10.0.0.1 : 0x10 }; }',
] as const

/** The table of a golden as nft text, with `body` in its chain; nothing else is left in the ruleset. */
export function goldenFrame(chain: GoldenChain, body: string): string {
  const [family, type, hook, priority] = goldenChains[chain]
  const sets = family === 'inet' ? goldenSets.join('\n') : ''
  const base = `type ${type} hook ${hook} priority ${priority}; policy accept;`
  return `flush ruleset\ntable ${family} t {\n${sets}\nchain x {\n}\nchain y {\n${base}\n${body}\n}\n}\n`
}
