import * as z from 'zod/mini'
import { list, object, oneOf, optional, text } from '../schema/fields.ts'
import type { Infer } from '../schema/infer.ts'
import { once } from '../schema/once.ts'
import type { Resource } from './resource.ts'

const bgp = once(() =>
  object({
    asNumber: optional(z.union([z.int(), z.string()])),
    ipv4Address: optional(text()),
    ipv6Address: optional(text()),
    ipv4IPIPTunnelAddr: optional(text()),
    routeReflectorClusterID: optional(text()),
  }),
)

export const nodeSpec = once(() =>
  object({
    bgp: optional(bgp()),
    ipv4VXLANTunnelAddr: optional(text()),
    vxlanTunnelMACAddr: optional(text()),
    ipv6VXLANTunnelAddr: optional(text()),
    vxlanTunnelMACAddrV6: optional(text()),
    orchRefs: optional(list(object({ nodeName: optional(text()), orchestrator: text() }))),
    wireguard: optional(object({ interfaceIPv4Address: optional(text()), interfaceIPv6Address: optional(text()) })),
    addresses: optional(
      list(object({ address: text(), type: optional(oneOf('CalicoNodeIP', 'InternalIP', 'ExternalIP')) })),
    ),
    interfaces: optional(list(object({ name: text(), addresses: optional(list(text())) }))),
  }),
)

export const nodeStatus = once(() =>
  object({
    wireguardPublicKey: optional(text()),
    wireguardPublicKeyV6: optional(text()),
    podCIDRs: optional(list(text())),
  }),
)

export interface NodeSpec extends Infer<typeof nodeSpec> {}
export interface NodeStatus extends Infer<typeof nodeStatus> {}
export interface Node extends Resource<'Node', NodeSpec, NodeStatus> {}
