import { canonicalPrefix } from '@tortie/ip'
import { blockName } from '@tortie/model'
import type { ResourceKey } from '../contract.ts'

/** What claims a block: a host by its node's name, or something virtual such as `load-balancer`. */
export interface AffinityIdentity {
  readonly type: 'host' | 'virtual'
  /** The owner: a node's name, or what the virtual owner is called. */
  readonly node: string
  /** The block, in canonical text. */
  readonly cidr: string
}

/** The inverse of `blockName`; undefined when `name` is none. A length over 32 means IPv6: blocks are that small. */
export function parseBlockName(name: string): string | undefined {
  const at = name.lastIndexOf('-')
  const length = Number(name.slice(at + 1))
  return canonicalCidr(`${name.slice(0, at).replaceAll('-', length > 32 ? ':' : '.')}/${name.slice(at + 1)}`)
}

/** `text` when it is a prefix in canonical text, which is the only one that stands in a key. */
export function canonicalCidr(text: string): string | undefined {
  try {
    return text.includes('/') && canonicalPrefix(text) === text ? text : undefined
  } catch {
    return undefined
  }
}

export function affinityName({ type, node, cidr }: AffinityIdentity): string {
  return `${type}:${node}:${blockName(cidr)}`
}

export function parseAffinityName(name: string): AffinityIdentity | undefined {
  const [, type, node, block] = /^(host|virtual):([^:/]+):([^:/]+)$/.exec(name) ?? []
  const cidr = block === undefined ? undefined : parseBlockName(block)
  return node === undefined || cidr === undefined ? undefined : { type: type as 'host' | 'virtual', node, cidr }
}

/** Key of the IPAMBlock of `cidr`. @throws IpError */
export function blockKey(cidr: string): ResourceKey<'IPAMBlock'> {
  return { kind: 'IPAMBlock', name: blockName(canonicalPrefix(cidr)) }
}

/**
 * Key of the BlockAffinity by which `node` claims `cidr`: `host:node-1:10-65-0-0-26`. All claims of a node have names
 * that begin with `affinityNamePrefix`. @throws IpError
 */
export function affinityKey({ type, node, cidr }: AffinityIdentity): ResourceKey<'BlockAffinity'> {
  return { kind: 'BlockAffinity', name: affinityName({ type, node, cidr: canonicalPrefix(cidr) }) }
}

/** `namePrefix` of all affinities of one owner. */
export function affinityNamePrefix({ type, node }: Pick<AffinityIdentity, 'type' | 'node'>): string {
  return `${type}:${node}:`
}

/** Key of an IPAMHandle; its case matters. */
export function handleKey(handleID: string): ResourceKey<'IPAMHandle'> {
  return { kind: 'IPAMHandle', name: handleID }
}

/** Key of the one IPAMConfig. */
export const ipamConfigKey: ResourceKey<'IPAMConfig'> = { kind: 'IPAMConfig', name: 'default' }
