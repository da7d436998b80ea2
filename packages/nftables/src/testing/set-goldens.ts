import { action, concat, element, match, range } from '../index.ts'
import type { Golden } from './golden.ts'

const { meta, ip, ip6, tcp, th } = match

export const setGoldens: readonly Golden[] = [
  { name: 'in a set', nft: 'ip saddr @h4', terms: ({ set }) => [ip.saddr.in(set('h4'))] },
  { name: 'not in a set', nft: 'ip6 daddr != @h6', terms: ({ set }) => [ip6.daddr.notIn(set('h6'))] },
  { name: 'in a set of intervals', nft: 'ip daddr @n4', terms: ({ set }) => [ip.daddr.in(set('n4'))] },
  {
    name: 'in a concatenated set',
    nft: 'ip daddr . meta l4proto . th dport @p4',
    terms: ({ set }) => [concat(ip.daddr, meta.l4proto, th.dport).in(set('p4'))],
  },
  {
    name: 'not in a concatenated set',
    nft: 'ip saddr . meta l4proto . th sport != @p4',
    terms: ({ set }) => [concat(ip.saddr, meta.l4proto, th.sport).notIn(set('p4'))],
  },
  {
    name: 'in a concatenated set of intervals',
    nft: 'ip daddr . th dport @np4',
    terms: ({ set }) => [concat(ip.daddr, th.dport).in(set('np4'))],
  },
  { name: 'verdict map', nft: 'iifname vmap @v', terms: ({ set }) => [meta.iifname.vmap(set('v'))] },
  {
    name: 'concatenated verdict map',
    nft: 'meta l4proto . th dport vmap @pv',
    terms: ({ set }) => [concat(meta.l4proto, th.dport).vmap(set('pv'))],
  },
  {
    name: 'data map to mark',
    nft: 'meta mark set ip saddr map @m4',
    terms: ({ set }) => [action.setMarkFrom(ip.saddr, set('m4'))],
  },
  {
    name: 'anonymous set',
    nft: 'tcp dport { 80, 443 }',
    terms: ({ table, transaction }) => {
      const key = ['inet_service'] as const
      return [tcp.dport.in(transaction.anonymousSet(table, key, [element(key, [80]), element(key, [443])]))]
    },
  },
  {
    name: 'not in an anonymous set of intervals',
    nft: 'tcp dport != { 1, 5-10, 65000-65535 }',
    terms: ({ table, transaction }) => {
      const key = ['inet_service'] as const
      const elements = [...range(key, [1], [1]), ...range(key, [5], [10]), ...range(key, [65000], [65535])]
      return [tcp.dport.notIn(transaction.anonymousSet(table, key, elements, { interval: true }))]
    },
  },
  {
    name: 'anonymous set of names',
    nft: 'iifname { "a", "b" }',
    terms: ({ table, transaction }) => {
      const key = ['ifname'] as const
      return [meta.iifname.in(transaction.anonymousSet(table, key, [element(key, ['a']), element(key, ['b'])]))]
    },
  },
  {
    name: 'anonymous concatenated set of intervals',
    nft: 'meta nfproto ipv4 ip saddr . th dport { 10.0.0.0/8 . 80-90 }',
    terms: ({ table, transaction }) => {
      const key = ['ipv4_addr', 'inet_service'] as const
      const elements = range(key, ['10.0.0.0', 80], ['10.255.255.255', 90])
      const set = transaction.anonymousSet(table, key, elements, { interval: true })
      return [meta.nfproto.is('ipv4'), concat(ip.saddr, th.dport).in(set)]
    },
  },
  {
    name: 'anonymous verdict map',
    nft: 'ip saddr vmap { 10.0.0.1 : accept, 10.1.0.0/24 : goto x }',
    terms: ({ table, transaction }) => {
      const key = ['ipv4_addr'] as const
      const elements = [
        ...range(key, ['10.0.0.1'], ['10.0.0.1'], { verdict: { kind: 'accept' } }),
        ...range(key, ['10.1.0.0'], ['10.1.0.255'], { verdict: { kind: 'goto', chain: 'x' } }),
      ]
      return [ip.saddr.vmap(transaction.anonymousSet(table, key, elements, { interval: true, data: 'verdict' }))]
    },
  },
]
