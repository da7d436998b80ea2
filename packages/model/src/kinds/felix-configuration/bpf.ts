import { findings, object, optional, pattern, record, sparse, text } from '../../schema/fields.ts'
import { cidrComplaint, interfaceComplaint, interfaceFilterComplaint } from '../../schema/formats.ts'
import { once } from '../../schema/once.ts'
import { numericPort } from '../../schema/values.ts'
import {
  choice,
  choiceElse,
  enabled,
  flag,
  loose,
  mask,
  number,
  portNumber,
  regexp,
  seconds,
  string,
  texts,
} from './fields.ts'

const timeout = () =>
  sparse(pattern(/^(?:Auto|(?:[0-9]+(?:\.[0-9]+)?(?:ms|s|h|m|us))*)$/, 'Auto or a duration such as 1m30s'))

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

const logFilters = once(() =>
  record(text()).check(
    findings(function* (filters: Readonly<Record<string, string>>) {
      for (const key of Object.keys(filters)) {
        const reason = key === '*' ? 'write the name of an interface' : interfaceComplaint(key)
        if (reason !== undefined) yield { at: [key], reason }
      }
    }),
  ),
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
  bpfLogFilters: optional(logFilters()),
  bpfCTLBLogFilter: string(),
  bpfDataIfacePattern: regexp(),
  bpfL3IfacePattern: regexp(),
  bpfDisableGROForIfaces: regexp(),
  bpfConnectTimeLoadBalancingEnabled: flag(),
  bpfConnectTimeLoadBalancing: choiceElse('TCP', 'Enabled', 'Disabled'),
  bpfHostNetworkedNATWithoutCTLB: choiceElse('Enabled', 'Disabled'),
  bpfExternalServiceMode: loose('Tunnel', 'DSR'),
  bpfDSROptoutCIDRs: texts((value) => cidrComplaint(value)),
  bpfExcludeCIDRsFromNAT: texts((value) => cidrComplaint(value)),
  bpfExtToServiceConnmark: mask(),
  bpfKubeProxyIptablesCleanupEnabled: flag(),
  bpfKubeProxyMinSyncPeriod: seconds(),
  bpfKubeProxyHealthzPort: portNumber(),
  bpfPSNATPorts: optional(numericPort()),
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
  bpfForceTrackPacketsFromIfaces: texts(interfaceFilterComplaint),
  bpfExportBufferSizeMB: number(),
  bpfRedirectToPeer: enabled(),
  bpfAttachType: choice('TC', 'TCX', 'Netkit'),
  bpfProfiling: enabled(),
  bpfMaglevMaxEndpointsPerService: number(1, 3000),
  bpfMaglevMaxServices: number(1, 3000),
})
