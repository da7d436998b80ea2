import { findings, list, object, oneOf, optional, sparse, text } from '../schema/fields.ts'
import { addressComplaint, cidrComplaint, macComplaint, wireguardKeyComplaint } from '../schema/formats.ts'
import type { Infer } from '../schema/infer.ts'
import { once } from '../schema/once.ts'
import { asNumber } from '../schema/values.ts'
import type { Resource } from './resource.ts'

const v4 = () => sparse(text((value) => addressComplaint(value, 4)))
const v6 = () => sparse(text((value) => addressComplaint(value, 6)))
const mac = () => sparse(text(macComplaint))

/** The addresses carry the length of the node's own network. */
const bgp = once(() =>
  object({
    asNumber: optional(asNumber()),
    ipv4Address: sparse(text((value) => cidrComplaint(value, 4))),
    ipv6Address: sparse(text((value) => cidrComplaint(value, 6))),
    ipv4IPIPTunnelAddr: v4(),
    routeReflectorClusterID: v4(),
  }).check(
    findings(function* (value) {
      if (Object.keys(value).length === 0) yield { at: [], reason: 'Spec.BGP should not be empty; leave it out' }
    }),
  ),
)

export const nodeSpec = once(() =>
  object({
    bgp: optional(bgp()),
    ipv4VXLANTunnelAddr: v4(),
    vxlanTunnelMACAddr: mac(),
    ipv6VXLANTunnelAddr: v6(),
    vxlanTunnelMACAddrV6: mac(),
    orchRefs: sparse(list(object({ nodeName: sparse(text()), orchestrator: text() }))),
    wireguard: optional(object({ interfaceIPv4Address: v4(), interfaceIPv6Address: v6() })),
    addresses: sparse(
      list(
        object({
          address: text((value) => cidrComplaint(value)),
          type: sparse(oneOf('CalicoNodeIP', 'InternalIP', 'ExternalIP')),
        }),
      ),
    ),
    interfaces: sparse(list(object({ name: text(), addresses: sparse(list(text((value) => cidrComplaint(value)))) }))),
  }),
)

const key = () => sparse(text(wireguardKeyComplaint))

export const nodeStatus = once(() =>
  object({ wireguardPublicKey: key(), wireguardPublicKeyV6: key(), podCIDRs: sparse(list(text())) }),
)

export interface NodeSpec extends Infer<typeof nodeSpec> {}
export interface NodeStatus extends Infer<typeof nodeStatus> {}
export interface Node extends Resource<'Node', NodeSpec, NodeStatus> {}
