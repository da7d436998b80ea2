/** JSON fields of FelixConfiguration whose parameter is not just the field with a capital (spec 01 §1.15). */
const renamed: Readonly<Record<string, string | undefined>> = {
  nodeSelector: undefined,
  bpfConntrackMode: 'BPFConntrackCleanupMode',
  bpfMapSizePerCpuConntrack: 'BPFMapSizePerCPUConntrack',
  endpointReportingDelay: 'EndpointReportingDelaySecs',
  externalNodesList: 'ExternalNodesCIDRList',
  genericXDPEnabled: 'GenericXDPEnabled',
  ipipEnabled: 'IpInIpEnabled',
  ipipMTU: 'IpInIpMtu',
  iptablesLockProbeInterval: 'IptablesLockProbeIntervalMillis',
  iptablesPostWriteCheckInterval: 'IptablesPostWriteCheckIntervalSecs',
  ipv6Support: 'Ipv6Support',
  netlinkTimeout: 'NetlinkTimeoutSecs',
  reportingInterval: 'ReportingIntervalSecs',
  reportingTTL: 'ReportingTTLSecs',
  usageReportingInitialDelay: 'UsageReportingInitialDelaySecs',
  usageReportingInterval: 'UsageReportingIntervalSecs',
  wireguardKeepAlive: 'WireguardPersistentKeepAlive',
}

const initials: readonly (readonly [start: string, written: string])[] = [
  ['bpf', 'BPF'],
  ['vxlan', 'VXLAN'],
  ['xdp', 'XDP'],
  ['nat', 'NAT'],
  ['ipv4', 'IPv4'],
  ['ipv6', 'IPv6'],
  ['ipForwarding', 'IPForwarding'],
  ['mtu', 'MTU'],
  ['aws', 'AWS'],
  ['nftablesMode', 'NFTablesMode'],
  ['nftablesFlowTable', 'NFTablesFlowTable'],
]

/** Felix's name of the parameter that a field sets: `FELIX_<NAME>`, `felix.cfg`; undefined for `nodeSelector`, which sets none. */
export function felixParameterName(field: string): string | undefined {
  if (Object.hasOwn(renamed, field)) return renamed[field]
  const [start, written] = initials.find(([prefix]) => field.startsWith(prefix)) ?? ['', '']
  const rest = field.slice(start.length)
  return start === '' ? field.charAt(0).toUpperCase() + field.slice(1) : written + rest
}
