import type { PolicyDataplane, RoutingDataplane } from '@tortie/dataplane'
import { createNftDataplane, defaultNftConfig, type NftConfig } from '@tortie/dataplane-nft'
import { createHostnet } from '@tortie/hostnet'
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

export function nftConfig(config: NodeConfig): NftConfig {
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
