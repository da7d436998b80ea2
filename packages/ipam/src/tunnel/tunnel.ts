import type { Family } from '@tortie/ip'
import type { IPPool, Node, NodeSpec } from '@tortie/model'
import { type Pool, poolOf, selectsNode } from '../pool/pool.ts'

export type TunnelKind = 'wireguard' | 'wireguardV6' | 'ipip' | 'vxlan' | 'vxlanV6'

/** What differs between the tunnels of a node. Spec 03 §15 */
export interface Tunnel {
  readonly kind: TunnelKind
  readonly family: Family
  /** `type` among the attributes of its address. */
  readonly attributeType: string
  readonly handle: (node: string) => string
  /** Whether a pool's traffic takes this tunnel, or the node uses it at all. */
  readonly wanted: (node: Node, pool: IPPool) => boolean
  readonly read: (spec: NodeSpec) => string | undefined
  readonly write: (spec: NodeSpec, address: string | undefined) => NodeSpec
}

const encapsulates = (mode: string | undefined): boolean => mode === 'Always' || mode === 'CrossSubnet'

/** `spec` without the field, or with it; an object that becomes empty goes too. */
function withField<K extends keyof NodeSpec>(spec: NodeSpec, field: K, value: NodeSpec[K] | undefined): NodeSpec {
  const { [field]: _, ...rest } = spec
  const empty = value === undefined || (typeof value === 'object' && Object.keys(value).length === 0)
  return empty ? (rest as NodeSpec) : { ...spec, [field]: value }
}

function without<T extends object>(value: T | undefined, field: keyof T): T | undefined {
  if (!value) return undefined
  const { [field]: _, ...rest } = value
  return rest as T
}

/** In the order in which they are given addresses. */
export const tunnels: readonly Tunnel[] = [
  {
    kind: 'wireguard',
    family: 4,
    attributeType: 'wireguardTunnelAddress',
    handle: (node) => `wireguard-tunnel-addr-${node}`,
    wanted: ({ status }) => Boolean(status?.wireguardPublicKey),
    read: ({ wireguard }) => wireguard?.interfaceIPv4Address,
    write: (spec, interfaceIPv4Address) =>
      withField(spec, 'wireguard', {
        ...without(spec.wireguard, 'interfaceIPv4Address'),
        ...(interfaceIPv4Address && { interfaceIPv4Address }),
      }),
  },
  {
    kind: 'wireguardV6',
    family: 6,
    attributeType: 'wireguardV6TunnelAddress',
    handle: (node) => `wireguard-v6-tunnel-addr-${node}`,
    wanted: ({ status }) => Boolean(status?.wireguardPublicKeyV6),
    read: ({ wireguard }) => wireguard?.interfaceIPv6Address,
    write: (spec, interfaceIPv6Address) =>
      withField(spec, 'wireguard', {
        ...without(spec.wireguard, 'interfaceIPv6Address'),
        ...(interfaceIPv6Address && { interfaceIPv6Address }),
      }),
  },
  {
    kind: 'ipip',
    family: 4,
    attributeType: 'ipipTunnelAddress',
    handle: (node) => `ipip-tunnel-addr-${node}`,
    wanted: (_, { spec }) => encapsulates(spec.ipipMode),
    read: ({ bgp }) => bgp?.ipv4IPIPTunnelAddr,
    write: (spec, ipv4IPIPTunnelAddr) =>
      withField(spec, 'bgp', {
        ...without(spec.bgp, 'ipv4IPIPTunnelAddr'),
        ...(ipv4IPIPTunnelAddr && { ipv4IPIPTunnelAddr }),
      }),
  },
  {
    kind: 'vxlan',
    family: 4,
    attributeType: 'vxlanTunnelAddress',
    handle: (node) => `vxlan-tunnel-addr-${node}`,
    wanted: (_, { spec }) => encapsulates(spec.vxlanMode),
    read: ({ ipv4VXLANTunnelAddr }) => ipv4VXLANTunnelAddr,
    write: (spec, address) => withField(spec, 'ipv4VXLANTunnelAddr', address),
  },
  {
    kind: 'vxlanV6',
    family: 6,
    attributeType: 'vxlanV6TunnelAddress',
    handle: (node) => `vxlan-v6-tunnel-addr-${node}`,
    wanted: (_, { spec }) => encapsulates(spec.vxlanMode),
    read: ({ ipv6VXLANTunnelAddr }) => ipv6VXLANTunnelAddr,
    write: (spec, address) => withField(spec, 'ipv6VXLANTunnelAddr', address),
  },
]

/** Enabled pools that a node's tunnel may have its address from. @throws IpamError ipam/bad-pool */
export function tunnelPools(tunnel: Tunnel, node: Node, pools: readonly IPPool[]): Pool[] {
  return pools.flatMap((resource) => {
    const pool = poolOf(resource)
    if (!pool?.enabled || pool.prefix.family !== tunnel.family || !pool.uses.includes('Tunnel')) return []
    if (!tunnel.wanted(node, resource) || !selectsNode(pool, node.metadata.labels ?? {})) return []
    return [pool]
  })
}

/** What IPAM says of the address that a node's tunnel has. */
export type TunnelAddressState =
  | { readonly kind: 'missing' }
  | {
      readonly kind: 'held'
      readonly handle?: string
      readonly attributes: Readonly<Record<string, string>>
      readonly inWantedPool: boolean
    }

/**
 * | step | means |
 * |--|--|
 * | keep | the address is right |
 * | assign | take a new one, leave the old one to whoever holds it |
 * | replace | release what the handle holds, take a new one |
 * | adopt | it was given before addresses had attributes: take the same one properly |
 */
export type TunnelStep = 'keep' | 'assign' | 'replace' | 'adopt'

/** For a node whose tunnel wants an address. @param address what the node has now. Spec 03 §15 */
export function tunnelStep(
  tunnel: Tunnel,
  node: string,
  address: string | undefined,
  state: TunnelAddressState,
): TunnelStep {
  if (address === undefined || state.kind === 'missing') return 'replace'
  const { handle, attributes, inWantedPool } = state
  if (attributes.type === tunnel.attributeType && attributes.node === node) return inWantedPool ? 'keep' : 'replace'
  if (Object.keys(attributes).length === 0 && handle === undefined) return 'adopt'
  return 'assign'
}
