import { isDnsLabel } from '../../metadata/names.ts'
import { list, optional, sparse } from '../../schema/fields.ts'
import { once } from '../../schema/once.ts'
import { dscp, goDuration, numericPort } from '../../schema/values.ts'
import {
  choice,
  choiceElse,
  enabled,
  flag,
  interfaceFilter,
  ipv4,
  keyValues,
  loose,
  mask,
  number,
  regexp,
  seconds,
  string,
} from './fields.ts'
import { protoPort } from './process.ts'

/** A region is the end of a namespace's name, `openstack-region-…`. */
const maxRegion = 63 - 'openstack-region-'.length

const region = (value: string) =>
  isDnsLabel(value, maxRegion) ? undefined : `must be a valid DNS label of at most ${maxRegion} characters`

const failsafePorts = once(() => optional(list(protoPort())))

const iptablesFields = () => ({
  iptablesBackend: loose('Auto', 'Legacy', 'NFT'),
  iptablesRefreshInterval: seconds(),
  iptablesPostWriteCheckInterval: seconds(),
  iptablesLockProbeInterval: seconds(),
  iptablesFilterAllowAction: loose('Accept', 'Return'),
  iptablesMangleAllowAction: loose('Accept', 'Return'),
  iptablesFilterDenyAction: loose('Drop', 'Reject'),
  iptablesMarkMask: mask(),
  iptablesNATOutgoingInterfaceFilter: interfaceFilter(),
})

const nftablesFields = () => ({
  nftablesMode: choiceElse('Auto', 'Disabled', 'Enabled'),
  nftablesRefreshInterval: sparse(goDuration()),
  nftablesFilterAllowAction: loose('Accept', 'Return'),
  nftablesMangleAllowAction: loose('Accept', 'Return'),
  nftablesFilterDenyAction: loose('Drop', 'Reject'),
  nftablesMarkMask: mask(),
  nftablesFlowTableOffload: choiceElse('Disabled', 'All'),
  nftablesFlowTableDataIfacePattern: regexp(),
})

/** Firewall, endpoints and interfaces: what iptables and nftables mode share, then what each has of its own. */
export const dataplaneFields = () => ({
  useInternalDataplaneDriver: flag(),
  dataplaneDriver: string(),
  dataplaneWatchdogTimeout: seconds(),
  ipv6Support: flag(),
  interfaceRefreshInterval: seconds(),
  ipsetsRefreshInterval: seconds(),
  xdpRefreshInterval: seconds(),
  netlinkTimeout: seconds(),
  featureDetectOverride: keyValues(),
  featureGates: keyValues(),
  maxIpsetSize: number(),
  metadataAddr: string(),
  metadataPort: number(),
  openstackRegion: string(region),
  interfacePrefix: string(),
  interfaceExclude: string(),
  chainInsertMode: loose('Insert', 'Append'),
  defaultEndpointToHostAction: loose('Drop', 'Accept', 'Return'),
  disableConntrackInvalidCheck: flag(),
  failsafeInboundHostPorts: failsafePorts(),
  failsafeOutboundHostPorts: failsafePorts(),
  kubeNodePortRanges: optional(list(numericPort(), 7)),
  policySyncPathPrefix: string(),
  sidecarAccelerationEnabled: flag(),
  xdpEnabled: flag(),
  genericXDPEnabled: flag(),
  serviceLoopPrevention: loose('Drop', 'Reject', 'Disabled'),
  workloadSourceSpoofing: loose('Disabled', 'Any'),
  mtuIfacePattern: regexp(),
  requireMTUFile: flag(),
  floatingIPs: choiceElse('Disabled', 'Enabled'),
  istioAmbientMode: enabled(),
  istioDSCPMark: optional(dscp()),
  windowsManageFirewallRules: enabled(),
  natPortRange: optional(numericPort()),
  natOutgoingAddress: ipv4(),
  natOutgoingExclusions: choice('IPPoolsOnly', 'IPPoolsAndHostIPs'),
  ...iptablesFields(),
  ...nftablesFields(),
})
