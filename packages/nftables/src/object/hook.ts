import type { Family } from './family.ts'

export type ChainType = 'filter' | 'nat' | 'route'
export type Hook = 'prerouting' | 'input' | 'forward' | 'output' | 'postrouting' | 'ingress' | 'egress'

const inet: Partial<Record<Hook, number>> = {
  prerouting: 0,
  input: 1,
  forward: 2,
  output: 3,
  postrouting: 4,
  ingress: 5,
}

/** linux/netfilter.h, netfilter_arp.h: numbers of hooks by family. */
const hooks: Readonly<Record<Family, Partial<Record<Hook, number>>>> = {
  inet,
  ip: inet,
  ip6: inet,
  bridge: inet,
  arp: { input: 0, output: 1, forward: 2 },
  netdev: { ingress: 0, egress: 1 },
}

/** undefined when the family has no such hook. */
export function hookNumber(family: Family, hook: Hook): number | undefined {
  return hooks[family][hook]
}

export function hookOf(family: Family, number: number): Hook | undefined {
  return (Object.keys(hooks[family]) as Hook[]).find((hook) => hooks[family][hook] === number)
}

/** nft's names of priorities in families inet, ip and ip6: linux/netfilter_ipv4.h. */
export const priorities = {
  raw: -300,
  mangle: -150,
  dstnat: -100,
  filter: 0,
  security: 50,
  srcnat: 100,
} as const
