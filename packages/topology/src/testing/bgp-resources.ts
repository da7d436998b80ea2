import type { BGPConfigurationSpec, BGPFilterSpec, BGPPeerSpec, IPPoolSpec, NodeSpec } from '@tortie/model'
import { type BgpTopologyOptions, createBgpTopology } from '../bgp/bgp-topology.ts'
import type { BgpChange, EndpointSlice, Service } from '../bgp/inputs.ts'
import type { BgpProgram } from '../bgp/program.ts'

const apiVersion = 'projectcalico.org/v3'
type Bgp = NonNullable<NodeSpec['bgp']>

const put = (kind: string, metadata: object, rest: object): BgpChange => ({
  type: 'put',
  item: { apiVersion, kind, metadata, ...rest } as never,
})

/** A Node; `bgp` may be its IPv4 address alone. */
export function node(
  name: string,
  bgp: string | Bgp,
  labels: Readonly<Record<string, string>> = {},
  spec: Partial<NodeSpec> = {},
): BgpChange {
  return put('Node', { name, labels }, { spec: { bgp: typeof bgp === 'string' ? { ipv4Address: bgp } : bgp, ...spec } })
}
export const pool = (name: string, cidr: string, spec: Partial<IPPoolSpec> = {}): BgpChange =>
  put('IPPool', { name }, { spec: { cidr, ...spec } })
export const configuration = (spec: Partial<BGPConfigurationSpec>, name = 'default'): BgpChange =>
  put('BGPConfiguration', { name }, { spec })
export const peer = (name: string, spec: BGPPeerSpec): BgpChange => put('BGPPeer', { name }, { spec })
export const filter = (name: string, spec: BGPFilterSpec): BgpChange => put('BGPFilter', { name }, { spec })
export const affinity = (cidr: string, node: string, state = 'confirmed', type = 'host'): BgpChange =>
  put('BlockAffinity', { name: `${node}-${cidr}` }, { spec: { cidr, node, type, state, deleted: false } })
export const workload = (
  name: string,
  node: string,
  ipNetworks: readonly string[],
  labels: Readonly<Record<string, string>> = {},
  profiles: readonly string[] = [],
): BgpChange =>
  put('WorkloadEndpoint', { name, namespace: 'default', labels }, { spec: { node, ipNetworks, profiles } })
export const profile = (name: string, labelsToApply: Readonly<Record<string, string>>): BgpChange =>
  put('Profile', { name }, { spec: { labelsToApply } })
export const secret = (name: string, key: string, value: string | undefined): BgpChange => ({
  type: 'secret',
  name,
  key,
  value,
})
export const remove = (kind: string, name: string): BgpChange => ({ type: 'delete', key: { kind, name } as never })
export const service = (
  name: string,
  spec: Service['spec'],
  ingress: readonly string[] = [],
  namespace = 'default',
): BgpChange => ({
  type: 'service',
  name: { namespace, name },
  value: {
    spec: { ipFamilies: ['IPv4'], type: 'ClusterIP', ...spec },
    status: { loadBalancer: { ingress: ingress.map((ip) => ({ ip })) } },
  },
})
export const slice = (
  name: string,
  of: string,
  endpoints: EndpointSlice['endpoints'],
  addressType = 'IPv4',
): BgpChange => ({
  type: 'endpointSlice',
  name: { namespace: 'default', name },
  value: { metadata: { labels: { 'kubernetes.io/service-name': of } }, addressType, endpoints: endpoints ?? [] },
})

/** The program of node `a` after the changes. */
export function programOf(changes: readonly BgpChange[], options: Partial<BgpTopologyOptions> = {}): BgpProgram {
  const topology = createBgpTopology({ node: 'a', ...options })
  for (const change of changes) topology.apply(change)
  const program = topology.flush()
  if (!program) throw new Error('the first flush always has a program')
  return program
}
