import { describe, expect, it } from 'vitest'
import type { FelixConfiguration, FelixConfigurationSpec } from '../../index.ts'
import { apiVersion, findErrors } from '../../index.ts'

type Loose = Record<string, unknown>

const make = (spec: Loose): FelixConfiguration => ({
  apiVersion,
  kind: 'FelixConfiguration',
  metadata: { name: 'default' },
  spec: spec as FelixConfigurationSpec,
})

describe('FelixConfiguration', () => {
  it.each<[Loose, string, RegExp]>([
    [{ reportingInterval: '1x' }, 'spec.reportingInterval', /1m30s/],
    [{ reportingInterval: '-1s' }, 'spec.reportingInterval', /without sign/],
    [{ reportingInterval: '5us' }, 'spec.reportingInterval', /ms, s, m and h/],
    [{ reportingInterval: 30 }, 'spec.reportingInterval', /must be text/],
    [{ nftablesRefreshInterval: '1' }, 'spec.nftablesRefreshInterval', /1m30s/],
    [{ iptablesBackend: 'x' }, 'spec.iptablesBackend', /Auto, Legacy, NFT/],
    [{ chainInsertMode: 'top' }, 'spec.chainInsertMode', /Insert, Append/],
    [{ floatingIPs: 'enabled' }, 'spec.floatingIPs', /Disabled, Enabled/],
    [{ logPrefix: '$' }, 'spec.logPrefix', /letters/],
    [{ logActionRateLimit: '0/minute' }, 'spec.logActionRateLimit', /10\/minute/],
    [{ logActionRateLimitBurst: 10_000 }, 'spec.logActionRateLimitBurst', /at most 9999/],
    [{ logDebugFilenameRegex: '(' }, 'spec.logDebugFilenameRegex', /regular expression/],
    [{ mtuIfacePattern: '(?=a)' }, 'spec.mtuIfacePattern', /look-around/],
    [{ iptablesMarkMask: 4_294_967_296 }, 'spec.iptablesMarkMask', /at most 4294967295/],
    [{ healthTimeoutOverrides: [{ name: '!', timeout: '1s' }] }, 'spec.healthTimeoutOverrides[0].name', /letters/],
    [{ healthTimeoutOverrides: [{ name: 'a', timeout: '-1s' }] }, 'spec.healthTimeoutOverrides[0].timeout', /negative/],
    [{ prometheusMetricsHost: 'a b' }, 'spec.prometheusMetricsHost', /host name/],
    [
      { failsafeInboundHostPorts: [{ protocol: 'icmp', port: 1 }] },
      'spec.failsafeInboundHostPorts[0].protocol',
      /TCP, UDP/,
    ],
    [{ failsafeOutboundHostPorts: [{ protocol: 'TCP' }] }, 'spec.failsafeOutboundHostPorts[0].port', /is required/],
    [
      { failsafeInboundHostPorts: [{ protocol: 'TCP', port: 1, net: 'x' }] },
      'spec.failsafeInboundHostPorts[0].net',
      /CIDR/,
    ],
    [{ kubeNodePortRanges: ['http'] }, 'spec.kubeNodePortRanges[0]', /number of the port/],
    [{ kubeNodePortRanges: [1, 2, 3, 4, 5, 6, 7, 8] }, 'spec.kubeNodePortRanges', /at most 7/],
    [{ natPortRange: 'http' }, 'spec.natPortRange', /number of the port/],
    [{ natOutgoingAddress: 'fd00::1' }, 'spec.natOutgoingAddress', /not an IPv4/],
    [{ deviceRouteSourceAddressIPv6: '1.1.1.1' }, 'spec.deviceRouteSourceAddressIPv6', /not an IPv6/],
    [{ externalNodesList: ['fd00::/64'] }, 'spec.externalNodesList[0]', /not an IPv4/],
    [{ openstackRegion: 'a'.repeat(47) }, 'spec.openstackRegion', /at most 46/],
    [{ featureDetectOverride: 'a' }, 'spec.featureDetectOverride', /key=value/],
    [{ iptablesNATOutgoingInterfaceFilter: 'a b' }, 'spec.iptablesNATOutgoingInterfaceFilter', /filter/],
    [{ bpfLogFilters: { '*': 'x' } }, 'spec.bpfLogFilters[*]', /name of an interface/],
    [{ bpfForceTrackPacketsFromIfaces: ['a b'] }, 'spec.bpfForceTrackPacketsFromIfaces[0]', /filter/],
    [{ bpfConntrackTimeouts: { tcpSynSent: 'x' } }, 'spec.bpfConntrackTimeouts.tcpSynSent', /Auto/],
    [{ bpfDSROptoutCIDRs: ['x'] }, 'spec.bpfDSROptoutCIDRs[0]', /CIDR/],
    [{ bpfMapSizeConntrackCleanupQueue: 0 }, 'spec.bpfMapSizeConntrackCleanupQueue', /at least 1/],
    [{ istioDSCPMark: 64 }, 'spec.istioDSCPMark', /0 to 63/],
    [{ routeTableRange: { min: 1, max: 251 } }, 'spec.routeTableRange.max', /at most 250/],
    [{ routeTableRanges: [{ min: 0, max: 1 }] }, 'spec.routeTableRanges[0].min', /at least 1/],
    [{ routeTableRanges: [{ min: 2, max: 1 }] }, 'spec.routeTableRanges[0].min', /greater than max/],
    [{ routeTableRanges: [{ min: 1, max: 65_536 }] }, 'spec.routeTableRanges', /too many/],
    [{ routeTableRanges: [], routeTableRange: { min: 1, max: 2 } }, 'spec.routeTableRange', /also set/],
    [{ ipv4NormalRoutePriority: 2_147_483_647 }, 'spec.ipv4NormalRoutePriority', /at most 2147483646/],
    [{ wireguardListeningPort: 0 }, 'spec.wireguardListeningPort', /at least 1/],
    [{ wireguardRoutingRulePriority: 32_766 }, 'spec.wireguardRoutingRulePriority', /at most 32765/],
    [{ wireguardInterfaceName: 'a b' }, 'spec.wireguardInterfaceName', /interface name/],
    [{ goGCThreshold: -2 }, 'spec.goGCThreshold', /at least -1/],
    [{ debugPort: 65_536 }, 'spec.debugPort', /at most 65535/],
    [{ nodeSelector: 'x' }, 'spec.nodeSelector', /invalid selector/],
  ])('%o', (spec, path, reason) => {
    const errors = findErrors(make(spec))
    expect(errors.find((error) => error.path === path)?.reason).toMatch(reason)
  })

  it('takes the protocol of a failsafe port in any case, and none', () => {
    const failsafeInboundHostPorts = [{ protocol: 'tcp', port: 22 }, { port: 2379 }, { protocol: 'UDP', port: 68 }]
    expect(findErrors(make({ failsafeInboundHostPorts }))).toEqual([])
  })

  it('takes enums of the patterns in any case and none at all', () => {
    const spec = {
      iptablesBackend: 'nft',
      logSeverityScreen: 'DEBUG',
      chainInsertMode: '',
      mtuIfacePattern: '(?i)^en(?P<n>[[:digit:]])',
    }
    expect(findErrors(make(spec))).toEqual([])
  })
})
