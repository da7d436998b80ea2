import { referenceComplaint } from '../metadata/names.ts'
import { boolean, findings, int, list, object, oneOf, optional, sparse, text } from '../schema/fields.ts'
import { addressComplaint, addressPortComplaint } from '../schema/formats.ts'
import type { Infer } from '../schema/infer.ts'
import { once } from '../schema/once.ts'
import { asNumber, goDuration, selector } from '../schema/values.ts'
import { bgpPassword } from './bgp-password.ts'
import { bgpPeerFindings } from './bgp-peer-checks.ts'
import type { Resource } from './resource.ts'

/** Without `node` and `nodeSelector` the peering is that of every node (spec 01 §1.14). */
export const bgpPeerSpec = once(() =>
  object({
    node: sparse(text(referenceComplaint, 253)),
    nodeSelector: sparse(selector()),
    /** With a port or without: `10.0.0.1`, `10.0.0.1:179`, `[fd00::1]:179`. */
    peerIP: sparse(text(addressPortComplaint, 64)),
    asNumber: sparse(asNumber()),
    localASNumber: optional(asNumber()),
    peerSelector: sparse(selector()),
    /** Deprecated: `nextHopMode` Keep. */
    keepOriginalNextHop: sparse(boolean()),
    nextHopMode: optional(oneOf('Auto', 'Self', 'Keep')),
    password: optional(bgpPassword()),
    sourceAddress: sparse(oneOf('UseNodeIP', 'None')),
    maxRestartTime: optional(goDuration()),
    keepaliveTime: optional(goDuration()),
    numAllowedLocalASNumbers: optional(int(-2_147_483_648, 2_147_483_647)),
    /** Hops to the peer, both ends counted. */
    ttlSecurity: optional(int(0, 255)),
    reachableBy: sparse(text((value) => addressComplaint(value), 64)),
    /** Names of BGPFilters, in the order in which they act. */
    filters: sparse(list(text(referenceComplaint))),
    localWorkloadSelector: sparse(selector()),
    reversePeering: optional(oneOf('Auto', 'Manual')),
  }).check(findings(bgpPeerFindings)),
)

export interface BGPPeerSpec extends Infer<typeof bgpPeerSpec> {}
export interface BGPPeer extends Resource<'BGPPeer', BGPPeerSpec> {}
