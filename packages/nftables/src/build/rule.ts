import { badValue } from '../errors.ts'
import type { Expression } from '../expression/expression.ts'
import type { Family } from '../object/family.ts'
import type { ChainRef, Rule } from '../object/object.ts'
import type { Layer } from '../packet/headers.ts'
import type { Term } from './term.ts'

/**
 * `rule(chain, [match.ip.saddr.in(hosts), match.tcp.dport.is(80), action.accept])`. In tables of several families and for
 * transport headers it adds the checks that the terms rely on, as nft does.
 * @throws NftablesError `nftables/bad-value` when terms contradict each other, such as ip and ip6
 */
export function rule(
  chain: ChainRef,
  terms: readonly Term[],
  extra: Pick<Rule, 'userData' | 'handle' | 'position'> = {},
): Rule {
  return { kind: 'rule', chain, expressions: compile(chain.table.family, terms), ...extra }
}

const ownLayer: Partial<Record<Family, Layer>> = { ip: 'ip', ip6: 'ip6', arp: 'arp' }

function compile(family: Family, terms: readonly Term[]): Expression[] {
  const expressions: Expression[] = []
  let layer = ownLayer[family]
  let protocol: number | undefined
  for (const { needs, gives, expressions: own } of terms) {
    if (needs?.layer !== undefined && needs.layer !== layer) {
      if (layer !== undefined) throw badValue('rule', `matches ${needs.layer} in a rule for ${layer}`)
      layer = needs.layer
      expressions.push(...layerCheck(family, layer))
    }
    if (needs?.protocol !== undefined && needs.protocol !== protocol) {
      if (protocol !== undefined) throw badValue('rule', `matches protocol ${needs.protocol} in a rule for ${protocol}`)
      protocol = needs.protocol
      expressions.push(
        { kind: 'meta', key: 'l4proto', dreg: 0 },
        { kind: 'cmp', op: 'eq', sreg: 0, data: Uint8Array.of(protocol) },
      )
    }
    layer ??= gives?.layer
    protocol ??= gives?.protocol
    expressions.push(...own)
  }
  return expressions
}

const nfproto: Readonly<Record<Layer, number>> = { ip: 2, arp: 3, ip6: 10 }
const etherType: Readonly<Record<Layer, readonly [number, number]>> = {
  ip: [0x08, 0x00],
  arp: [0x08, 0x06],
  ip6: [0x86, 0xdd],
}

function layerCheck(family: Family, layer: Layer): Expression[] {
  if (family === 'inet')
    return [
      { kind: 'meta', key: 'nfproto', dreg: 0 },
      { kind: 'cmp', op: 'eq', sreg: 0, data: Uint8Array.of(nfproto[layer]) },
    ]
  return [
    { kind: 'meta', key: 'protocol', dreg: 0 },
    { kind: 'cmp', op: 'eq', sreg: 0, data: Uint8Array.from(etherType[layer]) },
  ]
}
