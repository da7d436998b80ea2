import { formatAddress, isAddress, parseAddress } from '@tortie/ip'
import {
  type BGPPeerSpec,
  compileSelector,
  lookupIn,
  parseAddressPort,
  parseAsNumber,
  parseSelector,
  type ResourceOf,
} from '@tortie/model'
import { type SecretReference, secretOf, wholeSeconds } from './configuration.ts'

type Selects = (labels: Readonly<Record<string, string>>) => boolean

/** A BGPPeer, read. Spec 05 A3. */
export interface Peering {
  readonly name: string
  /** Local nodes: of this name, with these labels, or every one. */
  readonly node?: string
  readonly nodeSelector?: Selects
  readonly remote:
    | { readonly kind: 'address'; readonly address: string; readonly port?: number; readonly asNumber: number }
    | { readonly kind: 'nodes'; readonly selects: Selects }
    | { readonly kind: 'workloads'; readonly selects: Selects; readonly asNumber: number }
  readonly reverse: boolean
  readonly settings: PeeringSettings
}

/** How its sessions are; of a local workload's only `localAs` and `filters` count. */
export interface PeeringSettings {
  readonly localAs?: number
  readonly nextHop?: 'auto' | 'self' | 'keep'
  /** Deprecated: `keep` towards external peers. */
  readonly keepOriginalNextHop: boolean
  readonly password?: SecretReference
  readonly fromNodeAddress: boolean
  /** Seconds. */
  readonly restartTime?: number
  readonly keepaliveTime?: number
  readonly allowLocalAs: number
  readonly ttlSecurity: number
  readonly reachableBy?: string
  readonly filters: readonly string[]
}

const nextHops = { Auto: 'auto', Self: 'self', Keep: 'keep' } as const

/** Undefined when it names no remote side. @throws IpError, ModelError for a field that cannot be read */
export function readPeering({ metadata, spec }: ResourceOf<'BGPPeer'>): Peering | undefined {
  const remote = remoteOf(spec)
  return (
    remote && {
      name: metadata.name,
      ...(spec.node && !spec.nodeSelector && { node: spec.node }),
      ...(spec.nodeSelector && { nodeSelector: selects(spec.nodeSelector) }),
      remote,
      reverse: spec.reversePeering !== 'Manual' && remote.kind !== 'workloads',
      settings: settingsOf(spec),
    }
  )
}

function selects(text: string): Selects {
  const matcher = compileSelector(parseSelector(text))
  return (labels) => matcher(lookupIn(labels))
}

function remoteOf(spec: BGPPeerSpec): Peering['remote'] | undefined {
  const asNumber = spec.asNumber === undefined ? 0 : parseAsNumber(spec.asNumber)
  if (spec.localWorkloadSelector) return { kind: 'workloads', selects: selects(spec.localWorkloadSelector), asNumber }
  if (spec.peerSelector) return { kind: 'nodes', selects: selects(spec.peerSelector) }
  if (!spec.peerIP) return undefined
  const { address, port } = parseAddressPort(spec.peerIP)
  return { kind: 'address', address: canonical(address), ...(port !== undefined && { port }), asNumber }
}

const canonical = (address: string): string => formatAddress(parseAddress(address))

function settingsOf(spec: BGPPeerSpec): PeeringSettings {
  const { nextHopMode, password, maxRestartTime, keepaliveTime, reachableBy } = spec
  const keepalive = keepaliveTime === undefined ? 0 : wholeSeconds(keepaliveTime)
  return {
    ...(spec.localASNumber !== undefined && { localAs: parseAsNumber(spec.localASNumber) }),
    ...(nextHopMode && { nextHop: nextHops[nextHopMode] }),
    keepOriginalNextHop: spec.keepOriginalNextHop ?? false,
    ...(password?.secretKeyRef && { password: secretOf(password.secretKeyRef) }),
    fromNodeAddress: spec.sourceAddress !== 'None',
    ...(maxRestartTime !== undefined && { restartTime: wholeSeconds(maxRestartTime) }),
    ...(keepalive > 0 && { keepaliveTime: keepalive }),
    allowLocalAs: Math.max(0, spec.numAllowedLocalASNumbers ?? 0),
    ttlSecurity: spec.ttlSecurity ?? 0,
    ...(reachableBy && isAddress(reachableBy) && { reachableBy: canonical(reachableBy) }),
    filters: spec.filters ?? [],
  }
}
