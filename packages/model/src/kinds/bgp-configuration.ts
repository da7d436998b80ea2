import { referenceComplaint } from '../metadata/names.ts'
import {
  anyCaseOf,
  boolean,
  defaulted,
  findings,
  int,
  list,
  object,
  oneOf,
  optional,
  sparse,
  text,
} from '../schema/fields.ts'
import { addressComplaint, ignoredInterfaceComplaint, netComplaint } from '../schema/formats.ts'
import type { Infer } from '../schema/infer.ts'
import { once } from '../schema/once.ts'
import { asNumber, community, goDuration, routePriority } from '../schema/values.ts'
import { bgpConfigurationFindings } from './bgp-configuration-checks.ts'
import { bgpPassword } from './bgp-password.ts'
import type { Resource } from './resource.ts'

const blocks = () => sparse(list(object({ cidr: sparse(text((value) => netComplaint(value))) })))

const namedCommunity = once(() => object({ name: text(referenceComplaint, 253), value: community() }))

/** Communities are values, or names of `communities`. */
const prefixAdvertisement = once(() =>
  object({ cidr: text((value) => netComplaint(value)), communities: list(text(), 50) }),
)

/** Of absent fields: AS 64512, port 179, a full mesh, EnabledNoEncapOnly, priority 1024 (spec 01 §1.13). */
export const bgpConfigurationSpec = once(() =>
  object({
    logSeverityScreen: defaulted(anyCaseOf('Trace', 'Debug', 'Info', 'Warning', 'Error', 'Fatal'), 'Info'),
    nodeToNodeMeshEnabled: optional(boolean()),
    asNumber: optional(asNumber()),
    serviceLoadBalancerIPs: blocks(),
    serviceExternalIPs: blocks(),
    serviceClusterIPs: blocks(),
    serviceLoadBalancerAggregation: defaulted(oneOf('Enabled', 'Disabled'), 'Enabled'),
    communities: sparse(list(namedCommunity(), 500)),
    prefixAdvertisements: sparse(list(prefixAdvertisement(), 500)),
    listenPort: sparse(int(1, 65_535)),
    nodeMeshPassword: optional(bgpPassword()),
    nodeMeshMaxRestartTime: optional(goDuration()),
    bindMode: optional(oneOf('None', 'NodeIP')),
    ignoredInterfaces: sparse(list(text(ignoredInterfaceComplaint))),
    localWorkloadPeeringIPV4: sparse(text((value) => addressComplaint(value, 4))),
    localWorkloadPeeringIPV6: sparse(text((value) => addressComplaint(value, 6))),
    /** What FelixConfiguration's field of this name leaves to BGP. */
    programClusterRoutes: optional(oneOf('Enabled', 'Disabled', 'EnabledIPIPOnly', 'EnabledNoEncapOnly')),
    ipv4NormalRoutePriority: optional(routePriority()),
    ipv6NormalRoutePriority: optional(routePriority()),
  }).check(findings(bgpConfigurationFindings)),
)

export interface BGPConfigurationSpec extends Infer<typeof bgpConfigurationSpec> {}
/** `default` is for all nodes, `node.<name>` for one; of other names nobody takes notice. */
export interface BGPConfiguration extends Resource<'BGPConfiguration', BGPConfigurationSpec> {}
