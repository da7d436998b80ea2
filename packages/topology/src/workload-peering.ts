import type { ResourceKey } from '@tortie/datastore'
import { formatPrefix, hostPrefix, parseAddress } from '@tortie/ip'
import type { AnyResource } from '@tortie/model'
import { ownPeeringOf, selectsLocally } from './bgp/candidates.ts'
import { settingsOf } from './bgp/configuration.ts'
import { Resources } from './bgp/resources.ts'

const families = [4, 6] as const

/**
 * Where workloads that are BGP neighbours find this node: BGPConfiguration's `localWorkloadPeeringIPV4` and `…IPV6`, on
 * the host's side of their interfaces. Spec 05 A2.
 */
export class WorkloadPeering {
  readonly #node: string
  readonly #resources: Resources

  constructor(node: string) {
    this.#node = node
    this.#resources = new Resources(node)
  }

  /** Whether an address may be another now: the caller asks for `addresses` again. Of Node, BGPConfiguration, BGPPeer, Profile and WorkloadEndpoint. */
  apply(
    change:
      | { readonly type: 'put'; readonly item: AnyResource }
      | { readonly type: 'delete'; readonly key: ResourceKey },
  ): boolean {
    const { kind, name } = change.type === 'put' ? { ...change.item.metadata, kind: change.item.kind } : change.key
    // PERF: of all nodes only this one matters.
    if (kind === 'Node' && name !== this.#node) return false
    return this.#resources.apply(change).sessions
  }

  /** By workload (`namespace/name`), host prefixes; none for one that is no neighbour. */
  addresses(): (id: string) => readonly string[] {
    const { nodes, peerings, configurations, endpoints, profileLabels } = this.#resources
    const own = nodes.get(this.#node)
    const { workloadPeering } = settingsOf(configurations.get('default'), undefined, undefined)
    const local = own ? [...peerings.values()].filter((peering) => selectsLocally(peering, own)) : []
    const wanted = families.filter((family) => workloadPeering[family] !== undefined && own?.address[family])
    // PERF: hardly any node has such neighbours.
    if (wanted.length === 0 || !local.some(({ remote }) => remote.kind === 'workloads')) return () => []
    return (id) => {
      const endpoint = endpoints.get(id)
      if (!endpoint || !ownPeeringOf(endpoint, local, profileLabels)) return []
      return wanted
        .filter((family) => endpoint.address[family] !== undefined)
        .map((family) => formatPrefix(hostPrefix(parseAddress(workloadPeering[family] ?? ''))))
    }
  }
}
