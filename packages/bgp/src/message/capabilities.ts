import { CapabilityCode } from './iana.ts'
import { type ByteWriter, viewOf } from './writer.ts'

/** Address family as on the wire; families that this package does not carry are kept. */
export interface AfiSafi {
  readonly afi: number
  readonly safi: number
}

/** A value of OPEN's capabilities (RFC 5492). What is unknown or malformed is kept as bytes, and then ignored. */
export type Capability =
  | ({ readonly kind: 'multiprotocol' } & AfiSafi)
  | { readonly kind: 'routeRefresh' | 'extendedMessage' | 'enhancedRouteRefresh' }
  | { readonly kind: 'extendedNextHop'; readonly families: readonly (AfiSafi & { readonly nextHopAfi: number })[] }
  | { readonly kind: 'role'; readonly role: number }
  | {
      readonly kind: 'gracefulRestart'
      /** The sender has restarted: wait for its End-of-RIB before you send yours. */
      readonly restarting: boolean
      /** Restarts gracefully after a NOTIFICATION too (N bit, RFC 8538). */
      readonly notification: boolean
      /** Seconds, 0 to 4095. */
      readonly time: number
      readonly families: readonly (AfiSafi & { readonly forwarding: boolean })[]
    }
  | { readonly kind: 'fourOctetAs'; readonly as: number }
  | { readonly kind: 'addPath'; readonly families: readonly (AfiSafi & AddPathDirections)[] }
  | {
      readonly kind: 'longLivedGracefulRestart'
      /** `staleTime` in seconds, 24 bits. */
      readonly families: readonly (AfiSafi & { readonly forwarding: boolean; readonly staleTime: number })[]
    }
  | { readonly kind: 'fqdn'; readonly host: string; readonly domain: string }
  | { readonly kind: 'unknown'; readonly code: number; readonly value: Uint8Array }

export interface AddPathDirections {
  readonly receive: boolean
  readonly send: boolean
}

export type CapabilityKind = Capability['kind']
export type CapabilityOf<K extends CapabilityKind> = Extract<Capability, { readonly kind: K }>
type KnownKind = Exclude<CapabilityKind, 'unknown'>

interface CapabilityRow<K extends KnownKind> {
  readonly fits: (length: number) => boolean
  readonly read: (value: Uint8Array, view: DataView) => CapabilityOf<K> | undefined
  readonly write: (writer: ByteWriter, capability: CapabilityOf<K>) => void
}

const times =
  (size: number, head = 0) =>
  (length: number): boolean =>
    length >= head && (length - head) % size === 0

function readList<V>(view: DataView, from: number, size: number, read: (at: number) => V): V[] {
  return Array.from({ length: (view.byteLength - from) / size }, (_, i) => read(from + i * size))
}

function flag<K extends 'routeRefresh' | 'extendedMessage' | 'enhancedRouteRefresh'>(kind: K): CapabilityRow<K> {
  return { fits: (length) => length === 0, read: () => ({ kind }) as CapabilityOf<K>, write: () => undefined }
}

const family = (view: DataView, at: number): AfiSafi => ({ afi: view.getUint16(at), safi: view.getUint8(at + 2) })

const rows: { readonly [K in KnownKind]: CapabilityRow<K> } = {
  multiprotocol: {
    fits: (length) => length === 4,
    read: (_, view) => ({ kind: 'multiprotocol', afi: view.getUint16(0), safi: view.getUint8(3) }),
    write: (writer, { afi, safi }) => writer.u16(afi).u8(0).u8(safi),
  },
  routeRefresh: flag('routeRefresh'),
  extendedMessage: flag('extendedMessage'),
  enhancedRouteRefresh: flag('enhancedRouteRefresh'),
  extendedNextHop: {
    fits: times(6),
    read: (_, view) => ({
      kind: 'extendedNextHop',
      families: readList(view, 0, 6, (at) => ({
        afi: view.getUint16(at),
        safi: view.getUint16(at + 2),
        nextHopAfi: view.getUint16(at + 4),
      })),
    }),
    write: (writer, { families }) => {
      for (const { afi, safi, nextHopAfi } of families) writer.u16(afi).u16(safi).u16(nextHopAfi)
    },
  },
  role: {
    fits: (length) => length === 1,
    read: (_, view) => ({ kind: 'role', role: view.getUint8(0) }),
    write: (writer, { role }) => writer.u8(role),
  },
  gracefulRestart: {
    fits: times(4, 2),
    read: (_, view) => ({
      kind: 'gracefulRestart',
      restarting: (view.getUint8(0) & 0x80) !== 0,
      notification: (view.getUint8(0) & 0x40) !== 0,
      time: view.getUint16(0) & 0xfff,
      families: readList(view, 2, 4, (at) => ({ ...family(view, at), forwarding: view.getUint8(at + 3) >= 0x80 })),
    }),
    write: (writer, { restarting, notification, time, families }) => {
      writer.u16((restarting ? 0x8000 : 0) | (notification ? 0x4000 : 0) | (time & 0xfff))
      for (const { afi, safi, forwarding } of families)
        writer
          .u16(afi)
          .u8(safi)
          .u8(forwarding ? 0x80 : 0)
    },
  },
  fourOctetAs: {
    fits: (length) => length === 4,
    read: (_, view) => ({ kind: 'fourOctetAs', as: view.getUint32(0) }),
    write: (writer, { as }) => writer.u32(as),
  },
  addPath: {
    fits: times(4),
    read: (_, view) => ({
      kind: 'addPath',
      families: readList(view, 0, 4, (at) => {
        const directions = view.getUint8(at + 3)
        const valid = directions <= 3 // RFC 7911 §4: any other value is to be ignored
        return { ...family(view, at), receive: valid && (directions & 1) !== 0, send: valid && (directions & 2) !== 0 }
      }),
    }),
    write: (writer, { families }) => {
      for (const { afi, safi, receive, send } of families)
        writer
          .u16(afi)
          .u8(safi)
          .u8((receive ? 1 : 0) | (send ? 2 : 0))
    },
  },
  longLivedGracefulRestart: {
    fits: times(7),
    read: (_, view) => ({
      kind: 'longLivedGracefulRestart',
      families: readList(view, 0, 7, (at) => ({
        ...family(view, at),
        forwarding: view.getUint8(at + 3) >= 0x80,
        staleTime: view.getUint32(at + 3) & 0xffffff,
      })),
    }),
    write: (writer, { families }) => {
      for (const { afi, safi, forwarding, staleTime } of families)
        writer
          .u16(afi)
          .u8(safi)
          .u32((((forwarding ? 0x80 : 0) << 24) | (staleTime & 0xffffff)) >>> 0)
    },
  },
  fqdn: {
    fits: (length) => length >= 2,
    read: (value) => {
      const hostEnd = 1 + (value[0] ?? 0)
      const domainAt = hostEnd + 1
      if (domainAt > value.length || domainAt + (value[hostEnd] ?? 0) > value.length) return undefined
      const text = new TextDecoder()
      const domain = value.subarray(domainAt, domainAt + (value[hostEnd] ?? 0))
      return { kind: 'fqdn', host: text.decode(value.subarray(1, hostEnd)), domain: text.decode(domain) }
    },
    write: (writer, { host, domain }) => {
      for (const name of [host, domain]) {
        const bytes = new TextEncoder().encode(name).subarray(0, 64)
        writer.u8(bytes.length).raw(bytes)
      }
    },
  },
}

const kindByCode = new Map(Object.entries(CapabilityCode).map(([kind, code]) => [code as number, kind as KnownKind]))

/** Decodes a run of capabilities; undefined when one reaches beyond the end. */
export function decodeCapabilities(bytes: Uint8Array): Capability[] | undefined {
  const capabilities: Capability[] = []
  for (let at = 0; at < bytes.length; ) {
    const [code = 0, length] = [bytes[at], bytes[at + 1]]
    if (length === undefined || at + 2 + length > bytes.length) return undefined
    capabilities.push(decodeCapability(code, bytes.subarray(at + 2, at + 2 + length)))
    at += 2 + length
  }
  return capabilities
}

function decodeCapability(code: number, value: Uint8Array): Capability {
  const kind = kindByCode.get(code)
  const row = kind && rows[kind]
  const known = row?.fits(value.length) ? row.read(value, viewOf(value)) : undefined
  return known ?? { kind: 'unknown', code, value: value.slice() }
}

/** Writes one capability. @throws BgpError when its value is over 255 octets */
export function encodeCapability(writer: ByteWriter, capability: Capability): void {
  const start = writer.length
  if (capability.kind === 'unknown') writer.u8(capability.code).u8(0).raw(capability.value)
  else {
    writer.u8(CapabilityCode[capability.kind]).u8(0)
    const row = rows[capability.kind] as { write: (writer: ByteWriter, capability: Capability) => void }
    row.write(writer, capability)
  }
  writer.patchU8(start + 1, writer.length - start - 2)
}

/** The first capability of a kind. */
export function findCapability<K extends CapabilityKind>(
  capabilities: readonly Capability[],
  kind: K,
): CapabilityOf<K> | undefined {
  return capabilities.find((capability): capability is CapabilityOf<K> => capability.kind === kind)
}
