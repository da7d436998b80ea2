import { containsAddress, formatAddress, formatPrefix, isAddress, parseAddress } from '@tortie/ip'
import type { ClusterInformation, IPAMBlock, IPAMHandle, Node, WorkloadEndpoint } from '@tortie/model'
import { windowsReservation } from '../block/block.ts'
import { validateBlock } from '../block/validate.ts'
import type { Pool } from '../pool/pool.ts'
import { type Allocation, allocationsOf } from './allocations.ts'

/** Everything that is compared. Blocks are as stored, not collected. */
export interface CheckInput {
  readonly clusterInformation: ClusterInformation | undefined
  readonly blocks: readonly IPAMBlock[]
  readonly pools: readonly Pool[]
  readonly nodes: readonly Node[]
  readonly endpoints: readonly WorkloadEndpoint[]
  readonly handles: readonly IPAMHandle[]
  /** Addresses of managed load balancer Services, by the name shown for their owner. */
  readonly services?: ReadonlyMap<string, readonly string[]>
  readonly version: string
  readonly clusterType?: string
  /** Milliseconds since the epoch. */
  readonly nowMs: number
}

/** One allocation in the report's file, with Calico's field names. */
export interface ReportedAllocation {
  readonly ip: string
  readonly handle?: string
  readonly sequenceNumber?: bigint
  readonly pod?: string
  readonly namespace?: string
  readonly node?: string
  readonly type?: string
  readonly creationTimestamp?: string
  readonly inUse: boolean
  readonly borrowed?: boolean
  readonly coolingDown?: boolean
  readonly owners: readonly string[]
}

export interface LeakedHandle {
  readonly ID: string
  /** null in etcd and the embedded store, where handles have none. */
  readonly UID: string | null
  readonly Revision: string
}

/** The file that `ipam check -o` writes and `ipam release --from-report` reads; to be written with 64-bit-safe JSON. */
export interface IpamReport {
  readonly version: string
  readonly clusterGUID: string
  readonly datastoreLocked: boolean
  readonly clusterInformationRevision: string
  readonly clusterType: string
  readonly allocations: Readonly<Record<string, readonly ReportedAllocation[]>>
  readonly leakedHandles?: readonly LeakedHandle[]
}

export interface CheckResult {
  readonly report: IpamReport
  /** Allocated, not in use and not resting. */
  readonly leaked: readonly string[]
  readonly inUseOutsidePools: readonly OwnedAddress[]
  readonly inUseUnallocated: readonly OwnedAddress[]
  readonly leakedHandles: readonly string[]
  readonly badBlocks: readonly { readonly block: string; readonly why: readonly string[] }[]
  /** Of the five above: what makes the check fail. */
  readonly problems: number
  /** Named in blocks, and there is no such object. Not counted. */
  readonly missingHandles: readonly string[]
  /** Not counted. */
  readonly severalOwners: readonly OwnedAddress[]
  readonly handlesInUse: number
  readonly inUse: number
  /** By number of allocations, most first. */
  readonly nodes: readonly { readonly node: string; readonly allocations: number }[]
  /** What was compared, in the order of the store. */
  readonly blocks: readonly { readonly cidr: string; readonly affinity?: string }[]
  readonly allocations: readonly Allocation[]
  /** CIDRs of the pools that are not disabled. */
  readonly activePools: readonly string[]
  readonly uses: readonly AddressUse[]
}

/** That somebody uses an address. */
export interface AddressUse {
  readonly address: string
  /** `Node(node-1) VXLAN`, `WorkloadEndpoint(shop/web-0)`. */
  readonly owner: string
  readonly by: 'windows' | 'node' | 'service' | 'workload'
}

export interface OwnedAddress {
  readonly address: string
  readonly owners: readonly string[]
}

/** Compares what blocks say with who uses addresses. Pure; `tortiectl ipam check` prints it. Spec 03 §21 */
export function checkIpam(input: CheckInput): CheckResult {
  const allocations = new Map<string, Allocation[]>()
  const badBlocks: { block: string; why: readonly string[] }[] = []
  for (const { spec } of input.blocks) {
    const why = validateBlock(spec, input.nowMs)
    if (why.length > 0) badBlocks.push({ block: spec.cidr, why })
    if (why.some((line) => line.includes('no such entry'))) continue
    for (const allocation of allocationsOf(spec)) append(allocations, allocation.address, allocation)
  }
  const all = [...allocations.values()].flat()
  const uses = usesOf(input, all)
  const owners = new Map<string, string[]>()
  for (const { address, owner } of uses) append(owners, address, owner)
  const known = new Set(input.handles.map(({ spec }) => spec.handleID))
  const handles = new Set(all.map(({ handle }) => handle))
  handles.delete('')
  const lost = input.handles.filter(({ spec }) => !handles.has(spec.handleID))
  const unallocated = [...owners].filter(([address]) => !allocations.has(address)).map(owned)
  const inPool = ({ address }: OwnedAddress): boolean =>
    input.pools.some(({ enabled, prefix }) => enabled && containsAddress(prefix, parseAddress(address)))
  const found = {
    leaked: [...allocations].filter(([address, held]) => !owners.has(address) && !held.some(rests)).map(([a]) => a),
    inUseOutsidePools: unallocated.filter((address) => !inPool(address)),
    inUseUnallocated: unallocated.filter(inPool),
    leakedHandles: lost.map(({ spec }) => spec.handleID),
    badBlocks,
  }
  return {
    ...found,
    report: reportOf(input, allocations, owners, lost),
    problems: Object.values(found).reduce((sum, list) => sum + list.length, 0),
    missingHandles: [...handles].filter((handle) => !known.has(handle) && handle !== windowsReservation.handle),
    severalOwners: [...owners].filter(([, who]) => who.length > 1).map(owned),
    handlesInUse: input.handles.length - lost.length,
    inUse: owners.size,
    nodes: countByNode(all),
    blocks: input.blocks.map(({ spec: { cidr, affinity } }) => ({ cidr, ...(affinity && { affinity }) })),
    allocations: all,
    activePools: input.pools.filter(({ enabled }) => enabled).map(({ prefix }) => formatPrefix(prefix)),
    uses,
  }
}

const rests = ({ coolingDown }: Allocation): boolean => coolingDown
const owned = ([address, owners]: readonly [string, readonly string[]]): OwnedAddress => ({ address, owners })

/** Who uses which address. Unlike Calico's, IPv6 tunnel addresses of nodes count as used (spec 03 T23). */
function usesOf(input: CheckInput, allocations: readonly Allocation[]): AddressUse[] {
  const uses: AddressUse[] = []
  const add = (by: AddressUse['by'], owner: string, text: string | undefined): void => {
    const bare = text?.split('/', 1)[0] ?? ''
    if (isAddress(bare)) uses.push({ address: formatAddress(parseAddress(bare)), owner, by })
  }
  for (const { address, handle } of allocations)
    if (handle.toLowerCase() === windowsReservation.handle) add('windows', 'Reserved for Windows', address)
  for (const { metadata, spec } of input.nodes) {
    const own = `Node(${metadata.name})`
    add('node', `${own} VXLAN`, spec.ipv4VXLANTunnelAddr)
    add('node', `${own} VXLAN IPv6`, spec.ipv6VXLANTunnelAddr)
    add('node', `${own} WireGuard`, spec.wireguard?.interfaceIPv4Address)
    add('node', `${own} WireGuard IPv6`, spec.wireguard?.interfaceIPv6Address)
    add('node', `${own} IPIP`, spec.bgp?.ipv4IPIPTunnelAddr)
  }
  for (const [service, addresses] of input.services ?? [])
    for (const address of addresses) add('service', service, address)
  for (const { metadata, spec } of input.endpoints)
    for (const address of spec.ipNetworks ?? [])
      add('workload', `WorkloadEndpoint(${metadata.namespace ?? ''}/${metadata.name})`, address)
  return uses
}

function append<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key)
  if (list) list.push(value)
  else map.set(key, [value])
}

function countByNode(allocations: readonly Allocation[]): CheckResult['nodes'] {
  const counts = new Map<string, number>()
  for (const { node } of allocations) if (node !== undefined) counts.set(node, (counts.get(node) ?? 0) + 1)
  const rows = [...counts].map(([node, count]) => ({ node, allocations: count }))
  return rows.sort((a, b) => b.allocations - a.allocations || (a.node < b.node ? -1 : 1))
}

function reportOf(
  input: CheckInput,
  allocations: ReadonlyMap<string, readonly Allocation[]>,
  owners: ReadonlyMap<string, readonly string[]>,
  lost: readonly IPAMHandle[],
): IpamReport {
  const information = input.clusterInformation
  const leakedHandles = lost.map(({ metadata, spec }) => ({
    ID: spec.handleID,
    UID: metadata.uid ?? null,
    Revision: metadata.resourceVersion ?? '',
  }))
  return {
    version: input.version,
    clusterGUID: information?.spec.clusterGUID ?? '',
    datastoreLocked: information?.spec.datastoreReady === false,
    clusterInformationRevision: information?.metadata.resourceVersion ?? '',
    clusterType: input.clusterType ?? information?.spec.clusterType ?? '',
    allocations: Object.fromEntries(
      [...allocations].map(([address, all]) => [address, all.map((one) => reported(one, owners.get(address) ?? []))]),
    ),
    ...(leakedHandles.length > 0 && { leakedHandles }),
  }
}

function reported(allocation: Allocation, owners: readonly string[]): ReportedAllocation {
  const { address, handle, sequenceNumber, attributes, borrowed, coolingDown } = allocation
  const { pod, namespace, node, type, timestamp } = attributes
  return {
    ip: address,
    ...(handle !== '' && { handle }),
    sequenceNumber,
    ...(pod !== undefined && { pod }),
    ...(namespace !== undefined && { namespace }),
    ...(node !== undefined && { node }),
    ...(type !== undefined && { type }),
    ...(timestamp !== undefined && { creationTimestamp: timestamp }),
    inUse: owners.length > 0,
    ...(borrowed && { borrowed }),
    ...(coolingDown && { coolingDown }),
    owners,
  }
}
