import type { Filter, PeerConfig } from '@tortie/bgp'
import type { Family } from '@tortie/ip'
import type { BgpNode } from './bgp-node.ts'
import type { Candidate, scopes } from './candidates.ts'
import type { SecretReference } from './configuration.ts'
import type { BgpProblem } from './program.ts'

export interface SessionFilters {
  readonly importFilter: Filter
  readonly exportFilter: Filter
}

/** What sessions are made from besides what was asked for. */
export interface SessionPorts {
  readonly own: BgpNode
  readonly secret: (reference: SecretReference) => string | undefined
}

/** Seconds; what BIRD has when nothing is configured, and Calico's template (spec 05 A5). */
const timers = {
  holdTime: 240,
  connectDelayTime: 2,
  connectRetryTime: 5,
  idleHoldTime: { first: 5, longest: 30 },
} as const
const defaultPort = 179
const defaultRestartTime = 120
/** RFC 4724 §3: 12 bits. */
const longestRestartTime = 4095
/** RFC 2385 §4.5 leaves it open; the kernel's limit. */
const longestPassword = 80

type Parameters = Omit<PeerConfig, 'importFilter' | 'exportFilter'>

/** A session that there is, without its filters. */
export interface Session {
  readonly candidate: Candidate
  readonly parameters: Parameters
}

/** One session for each remote address: its first candidate. Sorted by key. */
export function chooseSessions(
  candidates: readonly Candidate[],
  ports: SessionPorts,
  problems: BgpProblem[],
): readonly Session[] {
  const chosen = new Map<string, Session>()
  for (const candidate of candidates) {
    const winner = chosen.get(candidate.address)
    const session = { candidate, parameters: parametersOf(candidate, ports) }
    if (!winner) {
      reportPassword(candidate, ports, problems)
      chosen.set(candidate.address, session)
    } else if (isConflict(winner, session)) problems.push(conflict(winner.candidate, candidate))
  }
  return [...chosen.values()].sort((a, b) => (a.parameters.key < b.parameters.key ? -1 : 1))
}

interface Made {
  readonly parameters: Parameters
  readonly config: PeerConfig
}

/** Keeps the identical PeerConfig, and list of them, while nothing changes. */
export class PeerConfigs {
  #byKey = new Map<string, Made>()
  #list: readonly PeerConfig[] = []

  /** @param filters  the same objects for the same question, so that peers share them */
  update(
    sessions: readonly Session[],
    filters: (family: Family, names: readonly string[]) => SessionFilters,
  ): readonly PeerConfig[] {
    const made = new Map<string, Made>()
    for (const { candidate, parameters } of sessions) {
      const { importFilter, exportFilter } = filters(candidate.family, candidate.settings.filters)
      const known = this.#byKey.get(parameters.key)
      const isKept =
        known?.config.importFilter === importFilter &&
        known.config.exportFilter === exportFilter &&
        (known.parameters === parameters || JSON.stringify(known.parameters) === JSON.stringify(parameters))
      const config = isKept ? known.config : { ...parameters, importFilter, exportFilter }
      made.set(parameters.key, { parameters, config })
    }
    this.#byKey = made
    const list = [...made.values()].map(({ config }) => config)
    if (list.length !== this.#list.length || list.some((config, i) => config !== this.#list[i])) this.#list = list
    return this.#list
  }
}

/** Two ends of one resource, and a reverse peering beside one that was asked for, are no conflict; nor are equals. */
function isConflict(winner: Session, other: Session): boolean {
  if (winner.candidate.origin === other.candidate.origin || other.candidate.reverse) return false
  const essence = ({ candidate, parameters: { key: _, kind: __, ...rest } }: Session): string =>
    JSON.stringify([rest, candidate.settings.filters, candidate.settings.reachableBy])
  return essence(winner) !== essence(other)
}

function conflict(winner: Candidate, other: Candidate): BgpProblem {
  const same = winner.scope === other.scope
  return {
    code: same ? 'contradictory-peers' : 'replaced-session',
    objects: [winner.origin, other.origin],
    why: same
      ? `both want a session with ${winner.address}, but not the same one; that of ${winner.origin} is there`
      : `the ${wordsOf(winner)} with ${winner.address} of ${winner.origin} takes the place of the ${wordsOf(other)}`,
  }
}

const words = {
  global: 'global session',
  node: "node's session",
  'local-workload': "workload's session",
  mesh: 'mesh session',
}
const wordsOf = ({ scope }: Candidate): string => words[scope satisfies (typeof scopes)[number]]

const names = { global: 'Global', node: 'Node', 'local-workload': 'Local_Workload', mesh: 'Mesh' } as const

/** As BIRD's protocols are called: `Global_10_0_0_9_port_1179`; of the mesh without port. */
function keyOf({ scope, address, port = defaultPort }: Candidate): string {
  const key = `${names[scope]}_${address.replace(/[.:]/g, '_')}`
  return scope === 'mesh' || port === defaultPort ? key : `${key}_port_${port}`
}

function parametersOf(candidate: Candidate, ports: SessionPorts): Parameters {
  const { family, address, port = defaultPort, remoteAs, localAs, passive, settings, scope } = candidate
  const { own } = ports
  const internal = remoteAs === localAs
  const password = passwordOf(candidate, ports)
  const isClient = own.clusterId !== undefined && internal && candidate.remoteCluster !== own.clusterId
  const source = settings.fromNodeAddress ? own.address[family] : undefined
  const restartTime = Math.min(settings.restartTime ?? defaultRestartTime, longestRestartTime)
  return {
    key: keyOf(candidate),
    kind: scope,
    address,
    port,
    remoteAs,
    localAs,
    ...(source !== undefined && { localAddress: source }),
    passive,
    families: [family],
    ...timers,
    ...(settings.keepaliveTime !== undefined && { keepaliveTime: settings.keepaliveTime }),
    gracefulRestart: { enabled: true, time: restartTime, notification: false },
    longLived: { staleTime: 0 },
    addPath: { send: true, receive: true },
    extendedMessage: false,
    extendedNextHop: false,
    enhancedRouteRefresh: true,
    ...('value' in password && { password: password.value }),
    ...('why' in password && { shutdown: 'no password' }),
    ...(settings.ttlSecurity > 0 && { ttlSecurity: settings.ttlSecurity }),
    ttl: 64,
    nextHop: settings.nextHop ?? (settings.keepOriginalNextHop && !internal ? 'keep' : 'auto'),
    allowLocalAs: settings.allowLocalAs,
    enforceFirstAs: false,
    ...(isClient && own.clusterId !== undefined && { reflect: { clusterId: own.clusterId } }),
  }
}

type Password = { readonly value: string } | { readonly why: string } | Record<string, never>

/** Without the password that it should have a session stays down: it would succeed where nothing protects it (trap 19). */
function passwordOf({ settings: { password: reference } }: Candidate, { secret }: SessionPorts): Password {
  if (!reference) return {}
  const value = secret(reference)
  const where = `key ${reference.key} of secret ${reference.name}`
  if (value === undefined || value === '') return reference.optional ? {} : { why: `${where} is missing` }
  const size = new TextEncoder().encode(value).length
  return size > longestPassword ? { why: `${where} has ${size} octets; at most ${longestPassword}` } : { value }
}

function reportPassword(candidate: Candidate, ports: SessionPorts, problems: BgpProblem[]): void {
  const password = passwordOf(candidate, ports)
  if (!('why' in password)) return
  const object = candidate.scope === 'mesh' ? 'BGPConfiguration(default)' : candidate.origin
  if (problems.some(({ code, objects }) => code === 'no-password' && objects[0] === object)) return
  problems.push({ code: 'no-password', objects: [object], why: `${password.why}: its sessions stay down` })
}
