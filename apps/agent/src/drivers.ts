import type { PolicyDataplane, RoutingDataplane } from '@tortie/dataplane'
import { createNftDataplane, defaultNftConfig, type NftConfig } from '@tortie/dataplane-nft'
import { createHostnet, defaultHostnetConfig, type HostnetConfig } from '@tortie/hostnet'
import { createMonitor, createSysctl, openNetlink } from '@tortie/linux'
import type { NodeConfig, NodePorts } from '@tortie/node'

type Ports = Pick<NodePorts, 'clock' | 'random' | 'log' | 'meter'>

const NETLINK_ROUTE = 0
const NETLINK_NETFILTER = 12

/** The firewall of this network namespace, as Felix's parameters want it. */
export async function openPolicyDataplane(config: NodeConfig, ports: Ports): Promise<PolicyDataplane> {
  const transport = openNetlink({ protocol: NETLINK_NETFILTER })
  return createNftDataplane({ ...ports, transport }, nftConfig(config))
}

/** The routing of this network namespace. */
export async function openRoutingDataplane(config: NodeConfig, { clock, log }: Ports): Promise<RoutingDataplane> {
  const route = openNetlink({ protocol: NETLINK_ROUTE })
  const netfilter = openNetlink({ protocol: NETLINK_NETFILTER })
  const monitor = createMonitor({ protocol: NETLINK_ROUTE })
  const hostnet = createHostnet(
    { route, netfilter, monitor, sysctl: createSysctl(), clock, log },
    hostnetConfig(config),
  )
  return {
    apply: (program, call) => hostnet.apply(program, call),
    resync: (call) => hostnet.resync(call),
    changes: (call) => hostnet.changes(call),
    readyInterfaces: () => hostnet.readyInterfaces(),
    async [Symbol.asyncDispose]() {
      await hostnet[Symbol.asyncDispose]()
      route[Symbol.dispose]()
      netfilter[Symbol.dispose]()
    },
  }
}

function hostnetConfig(config: NodeConfig): HostnetConfig {
  return {
    ...defaultHostnetConfig,
    interfacePrefixes: config.InterfacePrefix,
    ipv6: config.Ipv6Support,
    ipForwarding: config.IPForwarding === 'Enabled',
    deviceRouteProtocol: config.DeviceRouteProtocol,
    deviceRoutePriority: config.IPv4NormalRoutePriority,
    deviceRouteSource: {
      ...(config.DeviceRouteSourceAddress && { ipv4: config.DeviceRouteSourceAddress }),
      ...(config.DeviceRouteSourceAddressIPv6 && { ipv6: config.DeviceRouteSourceAddressIPv6 }),
    },
    removeExternalRoutes: config.RemoveExternalRoutes,
    vxlan: { id: config.VXLANVNI, port: config.VXLANPort, mtu: config.VXLANMTU, mtuV6: config.VXLANMTUV6 },
  }
}

function nftConfig(config: NodeConfig): NftConfig {
  return {
    ...defaultNftConfig,
    interfacePrefixes: config.InterfacePrefix,
    denyAction: lower(config.NftablesFilterDenyAction),
    endpointToHost: lower(config.DefaultEndpointToHostAction),
    dropInvalid: !config.DisableConntrackInvalidCheck,
    allowVxlanFromWorkloads: config.AllowVXLANPacketsFromWorkloads,
    allowIpipFromWorkloads: config.AllowIPIPPacketsFromWorkloads,
    vxlanPort: config.VXLANPort,
    logPrefix: config.LogPrefix,
    nat: {
      excludeHosts: config.NATOutgoingExclusions === 'IPPoolsAndHostIPs',
      portRange: portRange(config.NATPortRange),
      address: config.NATOutgoingAddress,
    },
  }
}

function lower<T extends string>(word: T): Lowercase<T> {
  return word.toLowerCase() as Lowercase<T>
}

/** `n` or `n:m`; NATPortRange was read as text and is checked here. */
function portRange(text: string | undefined): NftConfig['nat']['portRange'] {
  const [, first = '', last = first] = /^(\d+)(?::(\d+))?$/.exec(text ?? '') ?? []
  return first === '' ? undefined : { first: Number(first), last: Number(last) }
}
