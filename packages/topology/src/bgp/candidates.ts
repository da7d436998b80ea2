import type { Family } from '@tortie/ip'
import type { BgpNode } from './bgp-node.ts'
import type { BgpSettings } from './configuration.ts'
import { type LocalEndpoint, labelsOf } from './local-endpoints.ts'
import type { Peering, PeeringSettings } from './peering.ts'
import type { BgpProblem } from './program.ts'

/** The widest first: with one remote address, that is the one that stays. */
export const scopes = ['global', 'node', 'local-workload', 'mesh'] as const

/** A session that a resource asks for. */
export interface Candidate {
  readonly scope: (typeof scopes)[number]
  /** `BGPPeer(rack-1)`, or `Node(b)` for one of the mesh. */
  readonly origin: string
  /** Not asked for by name: the other end of a peering that selects this node as remote. */
  readonly reverse: boolean
  readonly family: Family
  /** Canonical text. */
  readonly address: string
  /** Undefined: 179. */
  readonly port?: number
  readonly remoteAs: number
  readonly localAs: number
  /** Of a remote that is a route reflector. */
  readonly remoteCluster?: string
  readonly passive: boolean
  readonly settings: PeeringSettings
}

/** What the peers of a node follow from. Lists and maps in any order; the result does not depend on it. */
export interface PeerFacts {
  readonly own: BgpNode
  readonly nodes: ReadonlyMap<string, BgpNode>
  readonly settings: BgpSettings
  /** By node, where its own BGPConfiguration says one; and of `default`. */
  readonly listenPorts: ReadonlyMap<string, number>
  readonly listenPort: number | undefined
  readonly peerings: ReadonlyMap<string, Peering>
  readonly endpoints: ReadonlyMap<string, LocalEndpoint>
  readonly profileLabels: ReadonlyMap<string, Readonly<Record<string, string>>>
}

const families = [4, 6] as const

/** PERF: nodes by address, so that a peering by address does not look at all of them. */
interface IndexedFacts extends PeerFacts {
  readonly byAddress: ReadonlyMap<string, readonly BgpNode[]>
}

/** Every session that is asked for, in order of precedence, ties by name. Spec 05 A4. */
export function candidatesOf(given: PeerFacts, problems: BgpProblem[]): Candidate[] {
  const facts = { ...given, byAddress: nodesByAddress(given.nodes) }
  const peerings = sortedByName(facts.peerings)
  const isGlobal = (peering: Peering): boolean => peering.node === undefined && !peering.nodeSelector
  const local = peerings.filter((peering) => selectsLocally(peering, facts.own))
  const explicit = (some: readonly Peering[], scope: 'global' | 'node'): Candidate[] =>
    some.flatMap((peering) => explicitCandidates(facts, peering, scope, problems))
  return [
    ...explicit(local.filter(isGlobal), 'global'),
    ...explicit(
      local.filter((peering) => !isGlobal(peering)),
      'node',
    ),
    ...peerings.flatMap((peering) => reverseCandidates(facts, peering)),
    ...workloadCandidates(facts, local, problems),
    ...meshCandidates(facts),
  ].filter(({ family, address }) => facts.own.address[family] !== undefined && address !== facts.own.address[family])
}

function sortedByName<V extends { readonly name: string }>(
  values: ReadonlyMap<string, V>,
  isWanted: (value: V) => boolean = () => true,
): V[] {
  return [...values.values()].filter(isWanted).sort((a, b) => (a.name < b.name ? -1 : 1))
}

function nodesByAddress(nodes: ReadonlyMap<string, BgpNode>): Map<string, BgpNode[]> {
  const byAddress = new Map<string, BgpNode[]>()
  for (const node of nodes.values())
    for (const address of Object.values(node.address)) {
      const found = byAddress.get(address)
      if (found) found.push(node)
      else byAddress.set(address, [node])
    }
  return byAddress
}

export function selectsLocally({ node, nodeSelector }: Peering, candidate: BgpNode): boolean {
  return nodeSelector ? nodeSelector(candidate.labels) : node === undefined || node === candidate.name
}

const ownAs = ({ own, settings }: PeerFacts): number => own.asNumber ?? settings.asNumber

const portOf = (facts: PeerFacts, node: BgpNode): number | undefined =>
  facts.listenPorts.get(node.name) ?? facts.listenPort

function explicitCandidates(
  facts: IndexedFacts,
  { name, remote, settings }: Peering,
  scope: 'global' | 'node',
  problems: BgpProblem[],
): Candidate[] {
  const base = { scope, origin: `BGPPeer(${name})`, reverse: false } as const
  if (remote.kind === 'nodes')
    return sortedByName(facts.nodes, (node) => remote.selects(node.labels)).flatMap((node) =>
      families.flatMap((family) => nodeCandidate(facts, base, node, family, settings)),
    )
  if (remote.kind === 'workloads') return []
  const { address, asNumber } = remote
  if (asNumber === 0) {
    const why = `asNumber is missing: there is no session with ${address}`
    problems.push({ code: 'no-remote-as', objects: [base.origin], why })
    return []
  }
  const family = address.includes(':') ? 6 : 4
  const isCalicoNode = facts.byAddress.has(address)
  const [node] = nodesAt(facts, address, asNumber, undefined)
  const port = remote.port ?? (node && portOf(facts, node))
  return [
    {
      ...base,
      family,
      address,
      ...(port !== undefined && { port }),
      remoteAs: asNumber,
      localAs: settings.localAs ?? ownAs(facts),
      passive: scope === 'global' && isCalicoNode && waits(facts, family, address),
      settings,
    },
  ]
}

/** Of two Calico nodes the one with the textually lower address waits, so both ends must spell alike (traps 4, 5). */
const waits = ({ own }: PeerFacts, family: Family, address: string): boolean => address > (own.address[family] ?? '')

/** Calico nodes with this address and AS, and this listening port where one is told. By name. */
function nodesAt(facts: IndexedFacts, address: string, asNumber: number, port: number | undefined): BgpNode[] {
  const wanted = (node: BgpNode): boolean =>
    (node.asNumber ?? facts.settings.asNumber) === (asNumber || facts.settings.asNumber) &&
    (port === undefined || (portOf(facts, node) ?? port) === port)
  return (facts.byAddress.get(address) ?? []).filter(wanted).sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** A session with another Calico node, as selectors and reverse peerings make it: dialled from both ends. */
function nodeCandidate(
  facts: PeerFacts,
  base: Pick<Candidate, 'scope' | 'origin' | 'reverse'>,
  node: BgpNode,
  family: Family,
  { localAs: _, ...settings }: PeeringSettings,
): Candidate[] {
  const address = node.address[family]
  if (address === undefined) return []
  const port = portOf(facts, node)
  return [
    {
      ...base,
      family,
      address,
      ...(port !== undefined && { port }),
      remoteAs: node.asNumber ?? facts.settings.asNumber,
      localAs: ownAs(facts),
      ...(node.clusterId && { remoteCluster: node.clusterId }),
      passive: false,
      settings: { ...settings, allowLocalAs: 0 },
    },
  ]
}

/** This node is the remote side of the peering: sessions to the nodes that it selects locally (A4 step 3). */
function reverseCandidates(facts: IndexedFacts, peering: Peering): Candidate[] {
  const { name, remote, reverse, settings } = peering
  if (!reverse || remote.kind === 'workloads') return []
  const isRemote =
    remote.kind === 'nodes'
      ? remote.selects(facts.own.labels)
      : nodesAt(facts, remote.address, remote.asNumber, remote.port).some(({ name }) => name === facts.own.name)
  if (!isRemote) return []
  const within = families.filter((f) => remote.kind === 'nodes' || remote.address.includes(':') === (f === 6))
  const base = { scope: 'node', origin: `BGPPeer(${name})`, reverse: true } as const
  return sortedByName(facts.nodes, (node) => selectsLocally(peering, node)).flatMap((node) =>
    within.flatMap((family) => nodeCandidate(facts, base, node, family, settings)),
  )
}

/** Of the peerings that select a workload, the first by name is its own (A4 step 2a). */
function workloadCandidates(facts: PeerFacts, local: readonly Peering[], problems: BgpProblem[]): Candidate[] {
  const peerings = local.filter(({ remote }) => remote.kind === 'workloads')
  if (peerings.length === 0) return []
  const endpoints = [...facts.endpoints.values()].sort((a, b) => (a.id < b.id ? -1 : 1))
  const without = new Set<string>()
  const candidates = endpoints.flatMap((endpoint) => {
    const peering = ownPeeringOf(endpoint, peerings, facts.profileLabels)
    if (peering?.remote.kind !== 'workloads') return []
    if (peering.remote.asNumber === 0) without.add(`BGPPeer(${peering.name})`)
    return peering.remote.asNumber === 0 ? [] : workloadSessions(facts, peering, peering.remote.asNumber, endpoint)
  })
  for (const origin of without)
    problems.push({ code: 'no-remote-as', objects: [origin], why: 'asNumber is missing: no workload is a peer' })
  return candidates
}

/** Of the peerings of this node, the one that a workload has. */
export function ownPeeringOf(
  endpoint: LocalEndpoint,
  local: readonly Peering[],
  profileLabels: PeerFacts['profileLabels'],
): Peering | undefined {
  const labels = labelsOf(endpoint, profileLabels)
  const selecting = local.filter(({ remote }) => remote.kind === 'workloads' && remote.selects(labels))
  return selecting.sort((a, b) => (a.name < b.name ? -1 : 1))[0]
}

function workloadSessions(facts: PeerFacts, peering: Peering, remoteAs: number, endpoint: LocalEndpoint): Candidate[] {
  const { localAs, filters } = peering.settings
  return families.flatMap((family) => {
    const address = endpoint.address[family]
    if (address === undefined) return []
    return {
      scope: 'local-workload' as const,
      origin: `BGPPeer(${peering.name})`,
      reverse: false,
      family,
      address,
      remoteAs,
      localAs: localAs ?? ownAs(facts),
      passive: true,
      settings: { ...plainSettings, fromNodeAddress: false, filters },
    }
  })
}

const plainSettings: PeeringSettings = {
  keepOriginalNextHop: false,
  fromNodeAddress: true,
  allowLocalAs: 0,
  ttlSecurity: 0,
  filters: [],
}

/**
 * Route reflectors take no part. A node without AS of its own has the cluster's: Calico takes the AS of the node that
 * asks, and such sessions then fail from both ends (trap 6).
 */
function meshCandidates(facts: PeerFacts): Candidate[] {
  const { own, nodes, settings } = facts
  if (!settings.mesh || own.clusterId) return []
  const { meshPassword: password, meshRestartTime: restartTime } = settings
  const ofMesh = { ...plainSettings, ...(password && { password }), ...(restartTime !== undefined && { restartTime }) }
  return sortedByName(nodes, (node) => !node.clusterId).flatMap((node) =>
    families.flatMap((family) => {
      const base = { scope: 'mesh', origin: `Node(${node.name})`, reverse: false } as const
      return nodeCandidate(facts, base, node, family, ofMesh).map((candidate) => ({
        ...candidate,
        passive: waits(facts, family, candidate.address),
      }))
    }),
  )
}
