import * as z from 'zod/mini'
import { list, object, optional, pattern, record, text } from '../../schema/fields.ts'
import { once } from '../../schema/once.ts'
import { choice, enabled, flag, loose, mask, number, portNumber, seconds, string } from './fields.ts'

const timeout = () =>
  optional(pattern(/^(?:Auto|(?:[0-9]+(?:\.[0-9]+)?(?:ms|s|h|m|us))*)$/, 'Auto or a duration such as 1m30s'))

const conntrackTimeouts = once(() =>
  object({
    creationGracePeriod: timeout(),
    tcpSynSent: timeout(),
    tcpEstablished: timeout(),
    tcpFinsSeen: timeout(),
    tcpResetSeen: timeout(),
    udpTimeout: timeout(),
    genericTimeout: timeout(),
    icmpTimeout: timeout(),
  }),
)

/** The eBPF dataplane's fields: kept and validated for compatibility, though no driver of ours reads them. */
export const bpfFields = () => ({
  bpfEnabled: flag(),
  bpfOverlayHostSourceIP: choice('TunnelAddress', 'HostAddress'),
  bpfDisableUnprivileged: flag(),
  bpfJITHardening: choice('Auto', 'Strict'),
  bpfLogLevel: loose('Off', 'Info', 'Debug'),
  bpfConntrackLogLevel: choice('Off', 'Debug'),
  bpfConntrackMode: choice('Auto', 'Userspace', 'BPFProgram'),
  bpfConntrackTimeouts: optional(conntrackTimeouts()),
  bpfIPFragTimeout: seconds(),
  bpfLogFilters: optional(record(text())),
  bpfCTLBLogFilter: string(),
  bpfDataIfacePattern: string(),
  bpfL3IfacePattern: string(),
  bpfDisableGROForIfaces: string(),
  bpfConnectTimeLoadBalancingEnabled: flag(),
  bpfConnectTimeLoadBalancing: choice('TCP', 'Enabled', 'Disabled'),
  bpfHostNetworkedNATWithoutCTLB: enabled(),
  bpfExternalServiceMode: loose('Tunnel', 'DSR'),
  bpfDSROptoutCIDRs: optional(list(text())),
  bpfExcludeCIDRsFromNAT: optional(list(text())),
  bpfExtToServiceConnmark: mask(),
  bpfKubeProxyIptablesCleanupEnabled: flag(),
  bpfKubeProxyMinSyncPeriod: seconds(),
  bpfKubeProxyHealthzPort: portNumber(),
  bpfPSNATPorts: optional(z.union([z.int(), z.string()])),
  bpfMapSizeNATFrontend: number(),
  bpfMapSizeNATBackend: number(),
  bpfMapSizeNATAffinity: number(),
  bpfMapSizeRoute: number(),
  bpfMapSizeConntrack: number(),
  bpfMapSizeIPSets: number(),
  bpfMapSizeIfState: number(),
  bpfMapSizePerCpuConntrack: number(),
  bpfMapSizeConntrackScaling: loose('Disabled', 'DoubleIfFull'),
  bpfMapSizeConntrackCleanupQueue: number(1),
  bpfHostConntrackBypass: flag(),
  bpfIPFragmentReassemblyEnabled: flag(),
  bpfEnforceRPF: loose('Disabled', 'Strict', 'Loose'),
  bpfPolicyDebugEnabled: flag(),
  bpfForceTrackPacketsFromIfaces: optional(list(text())),
  bpfExportBufferSizeMB: number(),
  bpfRedirectToPeer: enabled(),
  bpfAttachType: choice('TC', 'TCX', 'Netkit'),
  bpfProfiling: enabled(),
  bpfMaglevMaxEndpointsPerService: number(1, 3000),
  bpfMaglevMaxServices: number(1, 3000),
})
