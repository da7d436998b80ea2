import { describe, expect, it } from 'vitest'
import { action, createChain, createTable, type Family, formatRule, match, rule, type Term } from '../index.ts'

const { ip, ip6, tcp, udp, meta, icmp, arp, ether } = match
const text = (family: Family, ...terms: Term[]): string =>
  formatRule(rule(createChain(createTable(family, 't'), 'c'), terms))

describe('a rule', () => {
  it.each<{ why: string; family: Family; terms: Term[]; nft: string }>([
    {
      why: 'asks for the layer and protocol once',
      family: 'inet',
      terms: [ip.saddr.is('10.0.0.1'), tcp.sport.is(1), ip.daddr.is('10.0.0.2'), tcp.dport.is(2)],
      nft: 'meta nfproto ipv4 ip saddr 10.0.0.1 meta l4proto tcp tcp sport 1 ip daddr 10.0.0.2 tcp dport 2',
    },
    {
      why: 'asks for nothing that is known of its family',
      family: 'ip6',
      terms: [ip6.saddr.is('fd00::1')],
      nft: 'ip6 saddr fd00::1',
    },
    {
      why: 'asks for nothing that a term has asked already',
      family: 'inet',
      terms: [meta.nfproto.is('ipv4'), meta.l4proto.is('icmp'), icmp.type.is(8)],
      nft: 'meta nfproto ipv4 meta l4proto icmp icmp type 8',
    },
    {
      why: 'does not take a negation for knowledge',
      family: 'inet',
      terms: [meta.l4proto.isNot('udp'), tcp.dport.is(1)],
      nft: 'meta l4proto != udp meta l4proto tcp tcp dport 1',
    },
    {
      why: 'on a bridge asks for the Ethernet protocol',
      family: 'bridge',
      terms: [ether.saddr.is('02:00:00:00:00:01'), arp.saddrIp.is('10.0.0.1')],
      nft: 'ether saddr 02:00:00:00:00:01 meta protocol 0x0806 arp saddr ip 10.0.0.1',
    },
    {
      why: 'asks before it rejects',
      family: 'inet',
      terms: [action.rejectTcp],
      nft: 'meta l4proto tcp reject with tcp reset',
    },
  ])('$why', ({ family, terms, nft }) => {
    expect(text(family, ...terms)).toBe(nft)
  })

  it.each<{ why: string; family: Family; terms: Term[]; says: string }>([
    {
      why: 'two layers',
      family: 'inet',
      terms: [ip.saddr.is('10.0.0.1'), ip6.saddr.is('fd00::1')],
      says: 'matches ip6 in a rule for ip',
    },
    {
      why: 'a layer of another family',
      family: 'ip',
      terms: [ip6.saddr.is('fd00::1')],
      says: 'matches ip6 in a rule for ip',
    },
    {
      why: 'two protocols',
      family: 'inet',
      terms: [tcp.dport.is(1), udp.dport.is(1)],
      says: 'matches protocol 17 in a rule for 6',
    },
    {
      why: 'a known protocol and another',
      family: 'inet',
      terms: [meta.l4proto.is('udp'), tcp.dport.is(1)],
      says: 'protocol 6 in a rule for 17',
    },
  ])('cannot match $why', ({ family, terms, says }) => {
    expect(() => text(family, ...terms)).toThrow(says)
  })

  it('cannot match a prefix with host bits', () => {
    expect(() => ip.saddr.is('10.0.0.1/20')).toThrow('host bits')
  })

  it('matches any address by a prefix of length 0', () => {
    expect(text('ip', ip.saddr.is('0.0.0.0/0'))).toBe('ip saddr 0.0.0.0/0')
  })
})
