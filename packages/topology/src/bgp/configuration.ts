import type { LargeCommunity } from '@tortie/bgp'
import { type Family, formatAddress, parseAddress } from '@tortie/ip'
import { type BGPConfigurationSpec, parseAsNumber, parseCommunity, parseDuration, type ResourceOf } from '@tortie/model'
import { familyOf, networkText } from './network.ts'
import type { BgpProblem } from './program.ts'

/** Where a password is. */
export interface SecretReference {
  readonly name: string
  readonly key: string
  /** Without it the session has none, instead of staying down. */
  readonly optional: boolean
}

/** Routes inside `prefix` are announced with these. */
export interface PrefixTag {
  readonly origin: string
  readonly prefix: string
  readonly communities: readonly (number | LargeCommunity)[]
}

/** One BGPConfiguration, read. */
export interface ReadConfiguration {
  readonly spec: BGPConfigurationSpec
  readonly ranges: {
    readonly cluster: readonly string[]
    readonly external: readonly string[]
    readonly loadBalancer: readonly string[]
  }
  /** Undefined when the object says nothing of it, so that another's holds. */
  readonly tags: readonly PrefixTag[] | undefined
  readonly problems: readonly BgpProblem[]
}

/** What holds on one node: its own BGPConfiguration over `default`, where a field may stand in both. Spec 05 A2. */
export interface BgpSettings {
  readonly mesh: boolean
  readonly asNumber: number
  readonly bindNodeIp: boolean
  readonly ignoredInterfaces: readonly string[]
  readonly ranges: ReadConfiguration['ranges']
  readonly aggregateServices: boolean
  readonly tags: readonly PrefixTag[]
  readonly meshPassword?: SecretReference
  /** Seconds. */
  readonly meshRestartTime?: number
  /** Where local workloads peer with this node. */
  readonly workloadPeering: Readonly<Partial<Record<Family, string>>>
  readonly programClusterRoutes?: string
  readonly normalPriority: Readonly<Record<Family, number>>
  readonly logLevel: 'none' | 'info' | 'debug'
}

const defaultAsNumber = 64_512
const defaultPriority = 1024

/** @throws IpError, ModelError for what is no CIDR, address, AS number or duration */
export function readConfiguration({ metadata, spec }: ResourceOf<'BGPConfiguration'>): ReadConfiguration {
  if (spec.asNumber !== undefined) parseAsNumber(spec.asNumber)
  if (spec.nodeMeshMaxRestartTime !== undefined) parseDuration(spec.nodeMeshMaxRestartTime)
  for (const address of [spec.localWorkloadPeeringIPV4, spec.localWorkloadPeeringIPV6])
    if (address) parseAddress(address)
  const cidrs = (blocks: readonly { readonly cidr?: string | undefined }[] = []): string[] =>
    blocks.flatMap(({ cidr }) => (cidr ? [networkText(cidr)] : []))
  const problems: BgpProblem[] = []
  return {
    spec,
    ranges: {
      cluster: cidrs(spec.serviceClusterIPs),
      external: cidrs(spec.serviceExternalIPs),
      loadBalancer: cidrs(spec.serviceLoadBalancerIPs),
    },
    tags: readTags(`BGPConfiguration(${metadata.name})`, spec, problems),
    problems,
  }
}

/** Names of communities are those of the same object. What has no community left is dropped. */
function readTags(object: string, spec: BGPConfigurationSpec, problems: BgpProblem[]): PrefixTag[] | undefined {
  return spec.prefixAdvertisements?.flatMap(({ cidr, communities }, i) => {
    const origin = `${object}.prefixAdvertisements[${i}]`
    const values = communities.flatMap((used) => {
      const value = spec.communities?.find(({ name }) => name === used)?.value ?? used
      const community = readCommunity(value)
      if (community !== undefined) return [community]
      problems.push({
        code: 'unknown-community',
        objects: [object],
        why: `${origin}: ${used} is neither a community nor the name of one in spec.communities`,
      })
      return []
    })
    return values.length > 0 ? [{ origin, prefix: networkText(cidr), communities: values }] : []
  })
}

/** Undefined for text that is no community. */
export function readCommunity(text: string): number | LargeCommunity | undefined {
  try {
    const [first = 0, second = 0, third] = parseCommunity(text)
    return third === undefined ? first * 65_536 + second : [first, second, third]
  } catch {
    return undefined
  }
}

/** @param clusterIps  takes the place of serviceClusterIPs, when set */
export function settingsOf(
  global: ReadConfiguration | undefined,
  own: ReadConfiguration | undefined,
  clusterIps: string | undefined,
): BgpSettings {
  const spec = global?.spec ?? {}
  const ranges = global?.ranges ?? { cluster: [], external: [], loadBalancer: [] }
  const password = spec.nodeMeshPassword?.secretKeyRef
  const peering = [spec.localWorkloadPeeringIPV4, spec.localWorkloadPeeringIPV6].filter((text) => !!text) as string[]
  return {
    mesh: spec.nodeToNodeMeshEnabled ?? true,
    asNumber: spec.asNumber === undefined ? defaultAsNumber : parseAsNumber(spec.asNumber),
    bindNodeIp: spec.bindMode === 'NodeIP',
    ignoredInterfaces: [...(spec.ignoredInterfaces ?? [])].sort(),
    ranges: clusterIps ? { ...ranges, cluster: [networkText(clusterIps)] } : ranges,
    aggregateServices: spec.serviceLoadBalancerAggregation !== 'Disabled',
    tags: own?.tags ?? global?.tags ?? [],
    ...(password && { meshPassword: secretOf(password) }),
    ...(spec.nodeMeshMaxRestartTime !== undefined && { meshRestartTime: wholeSeconds(spec.nodeMeshMaxRestartTime) }),
    workloadPeering: Object.fromEntries(peering.map((text) => [familyOf(text), formatAddress(parseAddress(text))])),
    ...(spec.programClusterRoutes && { programClusterRoutes: spec.programClusterRoutes }),
    normalPriority: {
      4: spec.ipv4NormalRoutePriority ?? defaultPriority,
      6: spec.ipv6NormalRoutePriority ?? defaultPriority,
    },
    logLevel: logLevelOf(own?.spec.logSeverityScreen ?? spec.logSeverityScreen ?? 'Info'),
  }
}

/** A speaker knows three levels; what is neither debug nor info is none. */
function logLevelOf(severity: string): BgpSettings['logLevel'] {
  const level = severity.toLowerCase()
  return level === 'debug' || level === 'info' ? level : 'none'
}

export function secretOf(reference: {
  readonly name?: string | undefined
  readonly key: string
  readonly optional?: boolean | undefined
}): SecretReference {
  return { name: reference.name ?? '', key: reference.key, optional: reference.optional ?? false }
}

/** @throws ModelError for what is no duration */
export const wholeSeconds = (duration: string): number => Math.round(parseDuration(duration) / 1000)
