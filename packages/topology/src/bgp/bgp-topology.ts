import type { Listen, SpeakerConfig, Statement } from '@tortie/bgp'
import { type Family, isAddress, parseAddress } from '@tortie/ip'
import { candidatesOf } from './candidates.ts'
import { clusterRouteOwners } from './cluster-route-owners.ts'
import { type BgpSettings, settingsOf } from './configuration.ts'
import type { RuleList } from './filter-rules.ts'
import type { BgpChange } from './inputs.ts'
import { kernelPolicyOf, sourcePolicyOf } from './kernel.ts'
import { localRoutesOf } from './local-routes.ts'
import { type PolicyFacts, sessionFilters } from './policy.ts'
import type { BgpProblem, BgpProgram } from './program.ts'
import { Resources } from './resources.ts'
import { hashedRouterId } from './router-id.ts'
import { exclusionLabel, Services } from './services.ts'
import { chooseSessions, PeerConfigs, type Session, type SessionFilters } from './sessions.ts'

export interface BgpTopologyOptions {
  /** Name of the Node resource this program is for. */
  readonly node: string
  /** Its name in EndpointSlices, where that is another (CALICO_K8S_NODE_REF). */
  readonly kubernetesNode?: string
  /** `hash` of the node's name, or an identifier; empty is the node's IPv4 address (CALICO_ROUTER_ID). */
  readonly routerId?: string
  /** A CIDR instead of serviceClusterIPs (CALICO_ADVERTISE_CLUSTER_IPS). */
  readonly clusterIps?: string
  /** Blocks are the Node's podCIDRs, not what IPAM gave it (host-local IPAM). */
  readonly usePodCidrs?: boolean
  /** FelixConfiguration's programClusterRoutes. */
  readonly felixProgramClusterRoutes?: string
}

/** Resources to one node's BGP. The state reached depends on the content, never on the path. */
export interface BgpTopology {
  apply(change: BgpChange): void
  /** The program, or undefined when nothing of it changed since the last flush. */
  flush(): BgpProgram | undefined
}

export function createBgpTopology(options: BgpTopologyOptions): BgpTopology {
  return new IncrementalBgpTopology(options)
}

/** A5, A9. */
const recoveryTime = 240
const maxPaths = 16
const defaultPort = 179
const families = [4, 6] as const

interface MadeFilters {
  readonly family: Family
  readonly text: string
  readonly both: SessionFilters
}

/** PERF: sessions are chosen anew only when what they follow from changed; filters and routes without them. */
class IncrementalBgpTopology implements BgpTopology {
  readonly #options: BgpTopologyOptions
  readonly #resources: Resources
  readonly #services = new Services()
  readonly #secrets = new Map<string, string>()
  readonly #peerConfigs = new PeerConfigs()
  #sessions: readonly Session[] = []
  #sessionProblems: readonly BgpProblem[] = []
  #filters = new Map<string, MadeFilters>()
  readonly #hashedIds = new Map<string, string>()
  #sessionsChanged = true
  #policyChanged = true
  #last: BgpProgram | undefined
  readonly #texts = new Map<string, string>()

  constructor(options: BgpTopologyOptions) {
    this.#options = options
    this.#resources = new Resources(options.node)
  }

  apply(change: BgpChange): void {
    switch (change.type) {
      case 'service':
        this.#services.put(change.name, change.value)
        this.#policyChanged = true
        return
      case 'endpointSlice':
        this.#services.putSlice(change.name, change.value)
        this.#policyChanged = true
        return
      case 'secret': {
        const id = secretId(change)
        if (change.value === undefined) this.#secrets.delete(id)
        else this.#secrets.set(id, change.value)
        this.#sessionsChanged = true
        return
      }
      default: {
        const touched = this.#resources.apply(change)
        this.#sessionsChanged ||= touched.sessions
        this.#policyChanged ||= touched.policy
      }
    }
  }

  flush(): BgpProgram | undefined {
    if (!this.#sessionsChanged && !this.#policyChanged) return undefined
    const { configurations, nodes } = this.#resources
    const own = nodes.get(this.#options.node)
    const global = configurations.get('default')
    const ownConfiguration = configurations.get(`node.${this.#options.node}`)
    const settings = settingsOf(global, ownConfiguration, this.#options.clusterIps)
    if (this.#sessionsChanged) this.#chooseSessions(settings)
    const { owners, problems: ownerProblems } = clusterRouteOwners({
      bgp: settings.programClusterRoutes,
      felix: this.#options.felixProgramClusterRoutes,
    })
    const { announced, rejected } = this.#services.advertisement({
      ranges: settings.ranges,
      aggregateServices: settings.aggregateServices,
      excluded: own?.labels[exclusionLabel] === 'true',
      node: this.#options.kubernetesNode || this.#options.node,
    })
    const facts: PolicyFacts = {
      settings,
      owners,
      pools: this.#resources.sortedPools(),
      blocks: this.#resources.sortedBlocks(this.#options.usePodCidrs ? own : undefined),
      services: announced,
      isReflector: own?.clusterId !== undefined,
    }
    const problems: BgpProblem[] = [
      ...this.#resources.problems(),
      ...(global?.problems ?? []),
      ...(ownConfiguration?.problems ?? []),
      ...this.#sessionProblems,
      ...ownerProblems,
    ]
    const speaker = this.#speaker(facts, problems)
    const exportFilters = [...this.#filters.values()].map(({ family, both }) => ({ family, filter: both.exportFilter }))
    this.#sessionsChanged = false
    this.#policyChanged = false
    return this.#changed({
      speaker,
      localRoutes: localRoutesOf(facts, this.#sessions),
      kernelPolicy: kernelPolicyOf(facts, rejected, own, nodes),
      sources: sourcePolicyOf(facts, exportFilters),
      logLevel: settings.logLevel,
      problems: sortedProblems(problems),
    })
  }

  #chooseSessions(settings: BgpSettings): void {
    const { nodes, configurations, peerings, endpoints, profileLabels } = this.#resources
    const own = nodes.get(this.#options.node)
    const problems: BgpProblem[] = []
    const listenPorts = new Map<string, number>()
    for (const [name, { spec }] of configurations)
      if (name.startsWith('node.') && spec.listenPort) listenPorts.set(name.slice('node.'.length), spec.listenPort)
    const listenPort = configurations.get('default')?.spec.listenPort || undefined
    const facts = { nodes, settings, listenPorts, listenPort, peerings, endpoints, profileLabels }
    const secret = (reference: { readonly name: string; readonly key: string }) =>
      this.#secrets.get(secretId(reference))
    this.#sessions = own ? chooseSessions(candidatesOf({ ...facts, own }, problems), { own, secret }, problems) : []
    this.#sessionProblems = problems
  }

  #speaker(facts: PolicyFacts, problems: BgpProblem[]): SpeakerConfig | undefined {
    const peers = this.#peers(facts, problems)
    const routerId = this.#routerId(problems)
    if (routerId === undefined) return undefined
    return { routerId, listen: this.#listen(facts.settings), peers, recoveryTime, maxPaths }
  }

  #peers(facts: PolicyFacts, problems: BgpProblem[]): SpeakerConfig['peers'] {
    const used = new Map<string, MadeFilters>()
    const filters = (family: Family, names: readonly string[]): SessionFilters => {
      const id = `${family} ${names.join(' ')}`
      const made = used.get(id) ?? this.#filtersOf(facts, family, names, id)
      used.set(id, made)
      return made.both
    }
    const peers = this.#peerConfigs.update(this.#sessions, filters)
    this.#filters = used
    for (const { candidate } of this.#sessions)
      for (const name of candidate.settings.filters)
        if (!this.#resources.filters.has(name))
          problems.push({
            code: 'no-filter',
            objects: [candidate.origin, `BGPFilter(${name})`],
            why: `there is no BGPFilter ${name}`,
          })
    return peers
  }

  #filtersOf(facts: PolicyFacts, family: Family, names: readonly string[], id: string): MadeFilters {
    const rules = (list: RuleList): readonly Statement[] =>
      names.flatMap((name) => this.#resources.filters.get(name)?.statements[list] ?? [])
    const both = sessionFilters(facts, family, rules)
    const text = JSON.stringify(both)
    const known = this.#filters.get(id)
    return known?.text === text ? known : { family, text, both }
  }

  #routerId(problems: BgpProblem[]): string | undefined {
    const { node, routerId = '' } = this.#options
    const own = this.#resources.nodes.get(node)
    if (!own) {
      problems.push({
        code: 'no-node',
        objects: [`Node(${node})`],
        why: `there is no Node ${node}, or nobody can read it`,
      })
      return undefined
    }
    if (routerId === 'hash') return this.#hashedRouterId(problems)
    const id = routerId || own.address[4]
    if (id !== undefined && isAddress(id) && parseAddress(id).family === 4 && parseAddress(id).value !== 0n) return id
    const why = id
      ? `${id} is no BGP identifier: write an IPv4 address, or hash`
      : 'the node has no IPv4 address, which would be its BGP identifier: set CALICO_ROUTER_ID to one, or to hash'
    problems.push({ code: 'no-router-id', objects: [`Node(${node})`], why })
    return undefined
  }

  #hashedRouterId(problems: BgpProblem[]): string {
    const hashed = (name: string): string => {
      const id = this.#hashedIds.get(name) ?? hashedRouterId(name)
      this.#hashedIds.set(name, id)
      return id
    }
    const { node } = this.#options
    const id = hashed(node)
    for (const name of this.#resources.nodes.keys())
      if (name !== node && hashed(name) === id)
        problems.push({
          code: 'duplicate-router-id',
          objects: [`Node(${node})`, `Node(${name})`],
          why: `their names have the same hash ${id}: set the BGP identifier of one`,
        })
    return id
  }

  /** Also where local workloads peer, which an address of its own would shut out (trap 21). */
  #listen({ bindNodeIp, workloadPeering }: BgpSettings): Listen[] {
    const { configurations, nodes } = this.#resources
    const own = nodes.get(this.#options.node)
    const configured = configurations.get(`node.${this.#options.node}`)?.spec.listenPort
    const port = configured || configurations.get('default')?.spec.listenPort || defaultPort
    return families.flatMap((family): Listen[] => {
      const address = own?.address[family]
      if (address === undefined) return []
      if (!bindNodeIp) return [{ family, port }]
      const peering = workloadPeering[family]
      const hasWorkload = this.#sessions.some(
        ({ candidate }) => candidate.scope === 'local-workload' && candidate.family === family,
      )
      const listen = [{ family, address, port }]
      return hasWorkload && peering !== undefined && peering !== address
        ? [...listen, { family, address: peering, port }]
        : listen
    })
  }

  /** What is equal to the last program's is the identical object; undefined when all of it is. */
  #changed(program: BgpProgram): BgpProgram | undefined {
    const last = this.#last
    const kept = <K extends 'localRoutes' | 'kernelPolicy' | 'sources' | 'problems'>(part: K): BgpProgram[K] => {
      const text = JSON.stringify(program[part])
      const isEqual = this.#texts.get(part) === text
      this.#texts.set(part, text)
      return isEqual && last ? last[part] : program[part]
    }
    const next: BgpProgram = {
      speaker: sameSpeaker(last?.speaker, program.speaker) ? last?.speaker : program.speaker,
      localRoutes: kept('localRoutes'),
      kernelPolicy: kept('kernelPolicy'),
      sources: kept('sources'),
      logLevel: program.logLevel,
      problems: kept('problems'),
    }
    if (last && (Object.keys(next) as (keyof BgpProgram)[]).every((part) => next[part] === last[part])) return undefined
    this.#last = next
    return next
  }
}

const secretId = ({ name, key }: { readonly name: string; readonly key: string }): string => JSON.stringify([name, key])

function sameSpeaker(a: SpeakerConfig | undefined, b: SpeakerConfig | undefined): boolean {
  if (!a || !b) return a === b
  return a.peers === b.peers && JSON.stringify({ ...a, peers: 0 }) === JSON.stringify({ ...b, peers: 0 })
}

function sortedProblems(problems: readonly BgpProblem[]): BgpProblem[] {
  const byText = new Map(
    problems.map((problem) => [`${problem.code} ${problem.objects.join(' ')} ${problem.why}`, problem]),
  )
  return [...byText].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, problem]) => problem)
}
