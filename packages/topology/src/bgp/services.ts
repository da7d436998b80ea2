import {
  containsAddress,
  formatPrefix,
  hostPrefix,
  isAddress,
  type Prefix,
  parseAddress,
  parsePrefix,
} from '@tortie/ip'
import type { BgpSettings } from './configuration.ts'
import type { EndpointSlice, ObjectName, Service } from './inputs.ts'
import { isSingleAddress } from './network.ts'
import { type Announced, rangesOf } from './policy.ts'

/** Set S and set R of spec 05 A7. */
export interface ServiceAdvertisement {
  /** Announced, each prefix once, ranges first. */
  readonly announced: readonly Announced[]
  /** Canonical CIDRs; no route inside one is written into the kernel. */
  readonly rejected: readonly string[]
}

export interface ServiceSettings extends Pick<BgpSettings, 'ranges' | 'aggregateServices'> {
  /** The node's label keeps it out of services' load balancing. */
  readonly excluded: boolean
  /** This node's name in EndpointSlices. */
  readonly node: string
}

export const exclusionLabel = 'node.kubernetes.io/exclude-from-external-load-balancers'
const serviceNameLabel = 'kubernetes.io/service-name'

const idOf = ({ namespace, name }: ObjectName): string => `${namespace}/${name}`

interface Ranges {
  readonly external: readonly Prefix[]
  readonly loadBalancer: readonly Prefix[]
}

/**
 * Services and their endpoints to routes. PERF: a change recalculates its service alone; one of the settings all.
 */
export class Services {
  readonly #services = new Map<string, Service>()
  readonly #slices = new Map<string, EndpointSlice>()
  /** Ids of slices by service. */
  readonly #slicesOf = new Map<string, Set<string>>()
  readonly #routes = new Map<string, readonly string[]>()
  readonly #dirty = new Set<string>()
  #settings = ''
  #result: ServiceAdvertisement = { announced: [], rejected: [] }

  put(name: ObjectName, service: Service | undefined): void {
    const id = idOf(name)
    if (service) this.#services.set(id, service)
    else this.#services.delete(id)
    this.#dirty.add(id)
  }

  putSlice(name: ObjectName, slice: EndpointSlice | undefined): void {
    const id = idOf(name)
    for (const each of [this.#slices.get(id), slice]) {
      const service = each?.metadata.labels?.[serviceNameLabel]
      if (service === undefined) continue
      const owner = idOf({ namespace: name.namespace, name: service })
      const slices = this.#slicesOf.get(owner) ?? new Set()
      if (each === slice) slices.add(id)
      else slices.delete(id)
      if (slices.size > 0) this.#slicesOf.set(owner, slices)
      else this.#slicesOf.delete(owner)
      this.#dirty.add(owner)
    }
    if (slice) this.#slices.set(id, slice)
    else this.#slices.delete(id)
  }

  /** The identical object while nothing of it changed. */
  advertisement(settings: ServiceSettings): ServiceAdvertisement {
    const text = JSON.stringify(settings)
    if (text !== this.#settings) for (const id of this.#services.keys()) this.#dirty.add(id)
    else if (this.#dirty.size === 0) return this.#result
    this.#settings = text
    const ranges = {
      external: settings.ranges.external.map(parsePrefix),
      loadBalancer: settings.ranges.loadBalancer.map(parsePrefix),
    }
    for (const id of this.#dirty) {
      const service = this.#services.get(id)
      const routes =
        service && this.#isAdvertised(id, service, settings, ranges) ? routesOf(service, settings, ranges) : []
      if (routes.length > 0) this.#routes.set(id, routes)
      else this.#routes.delete(id)
    }
    this.#dirty.clear()
    const result = { announced: this.#announced(settings), rejected: rejectedOf(settings) }
    if (JSON.stringify(result) !== JSON.stringify(this.#result)) this.#result = result
    return this.#result
  }

  #announced(settings: ServiceSettings): Announced[] {
    if (settings.excluded) return []
    const ids = [...this.#routes.keys()].sort()
    const hosts = ids.flatMap((id) =>
      (this.#routes.get(id) ?? []).map((prefix) => ({ origin: `Service(${id})`, prefix })),
    )
    const byPrefix = new Map<string, Announced>()
    for (const each of [...aggregates(settings), ...hosts])
      if (!byPrefix.has(each.prefix)) byPrefix.set(each.prefix, each)
    return [...byPrefix.values()]
  }

  #isAdvertised(id: string, { spec, status }: Service, settings: ServiceSettings, ranges: Ranges): boolean {
    const { type = 'ClusterIP', externalTrafficPolicy: policy } = spec
    const clusterIp = spec.clusterIP ?? spec.clusterIPs?.[0] ?? ''
    if (settings.excluded || !['ClusterIP', 'NodePort', 'LoadBalancer'].includes(type)) return false
    if (clusterIp === '' || clusterIp === 'None') return false
    if (policy === 'Cluster') {
      const ingress = (status?.loadBalancer?.ingress ?? []).map(({ ip }) => ip)
      const isSingle = (some: readonly Prefix[]) => (text: string | undefined) => isIn(some.filter(isHost), text)
      if (type === 'LoadBalancer' && [spec.loadBalancerIP, ...ingress].some(isSingle(ranges.loadBalancer))) return true
      if ((spec.externalIPs ?? []).some(isSingle(ranges.external))) return true
    }
    if (policy !== 'Local' && settings.aggregateServices) return false
    return this.#hasReadyEndpoint(id, spec.ipFamilies ?? [], policy === 'Local' ? settings.node : undefined)
  }

  /** @param node  on this node only, when given */
  #hasReadyEndpoint(id: string, families: readonly string[], node: string | undefined): boolean {
    for (const slice of this.#slicesOf.get(id) ?? []) {
      const { addressType = '', endpoints = [] } = this.#slices.get(slice) ?? {}
      if (!families.includes(addressType)) continue
      for (const { conditions, nodeName } of endpoints)
        if (conditions?.ready !== false && (node === undefined || nodeName === node)) return true
    }
    return false
  }
}

const isHost = (prefix: Prefix): boolean => prefix.length === (prefix.family === 4 ? 32 : 128)

const isIn = (ranges: readonly Prefix[], text: string | undefined): boolean =>
  text !== undefined && isAddress(text) && ranges.some((range) => containsAddress(range, parseAddress(text)))

/** Cluster IPs need no range that holds them, the others do. */
function routesOf({ spec, status }: Service, settings: ServiceSettings, ranges: Ranges): string[] {
  const clusterIps = settings.ranges.cluster.length > 0 ? (spec.clusterIPs ?? [spec.clusterIP ?? '']) : []
  const ingress = (status?.loadBalancer?.ingress ?? []).map(({ ip = '' }) => ip)
  const addresses = [
    ...clusterIps.filter(isAddress),
    ...(spec.externalIPs ?? []).filter((ip) => isIn(ranges.external, ip)),
    ...ingress.filter((ip) => isIn(ranges.loadBalancer, ip)),
  ]
  return [...new Set(addresses.map((ip) => formatPrefix(hostPrefix(parseAddress(ip)))))].sort()
}

const isRange = ({ prefix }: Announced): boolean => !isSingleAddress(prefix)

/** Ranges that every node announces as such. */
function aggregates({ ranges, aggregateServices }: ServiceSettings): Announced[] {
  return [
    ...rangesOf('Cluster', ranges.cluster),
    ...rangesOf('External', ranges.external).filter(isRange),
    ...(aggregateServices ? rangesOf('LoadBalancer', ranges.loadBalancer).filter(isRange) : []),
  ]
}

/**
 * Every range that is configured. Calico leaves out single addresses and, without aggregation, the ranges of
 * load balancers, and then has service addresses of other nodes in the kernel, and its own as blackholes (trap 16).
 */
function rejectedOf({ ranges }: ServiceSettings): string[] {
  return [...new Set([...ranges.cluster, ...ranges.external, ...ranges.loadBalancer])].sort()
}
