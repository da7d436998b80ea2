import { viewOf } from '../message/writer.ts'

/** RFC 5880 §4.1; the index is the value on the wire. */
export const bfdStates = ['AdminDown', 'Down', 'Init', 'Up'] as const
export type BfdState = (typeof bfdStates)[number]

/** RFC 5880 §4.1: why a system last left Up. */
export const Diagnostic = {
  None: 0,
  ControlDetectionTimeExpired: 1,
  EchoFunctionFailed: 2,
  NeighborSignaledSessionDown: 3,
  ForwardingPlaneReset: 4,
  PathDown: 5,
  ConcatenatedPathDown: 6,
  AdministrativelyDown: 7,
  ReverseConcatenatedPathDown: 8,
} as const

/** A control packet without authentication (RFC 5880 §4.1). Intervals are in microseconds. */
export interface ControlPacket {
  /** `Diagnostic`, or a value that is not assigned: 0 to 31. */
  readonly diag: number
  readonly state: BfdState
  readonly poll: boolean
  readonly final: boolean
  /** C: the sender's BFD goes on when its control plane does not. */
  readonly controlPlaneIndependent: boolean
  /** D: the sender wants no periodic packets once both sides are Up. */
  readonly demand: boolean
  readonly detectMult: number
  readonly myDiscr: number
  /** 0: not known yet. */
  readonly yourDiscr: number
  readonly desiredMinTxInterval: number
  /** 0: send me no periodic packets. */
  readonly requiredMinRxInterval: number
  /** 0: no echo. */
  readonly requiredMinEchoRxInterval: number
}

export type DecodedControlPacket =
  | { readonly kind: 'packet'; readonly packet: ControlPacket }
  | { readonly kind: 'refused'; readonly why: BfdRefusal }

/** The check of RFC 5880 §6.8.6 that a packet failed. Authentication is not in use here, so A must be clear. */
export type BfdRefusal =
  | 'length'
  | 'version'
  | 'authentication'
  | 'detect-mult'
  | 'multipoint'
  | 'my-discriminator'
  | 'your-discriminator'

export const controlPacketSize = 24
const versionOne = 1 << 5
const Flag = { P: 0x20, F: 0x10, C: 0x08, A: 0x04, D: 0x02, M: 0x01 } as const

/** The 24 bytes of a packet; no field is checked. */
export function encodeControlPacket(packet: ControlPacket): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(controlPacketSize)
  const view = viewOf(bytes)
  bytes[0] = versionOne | packet.diag
  bytes[1] =
    (bfdStates.indexOf(packet.state) << 6) |
    (packet.poll ? Flag.P : 0) |
    (packet.final ? Flag.F : 0) |
    (packet.controlPlaneIndependent ? Flag.C : 0) |
    (packet.demand ? Flag.D : 0)
  bytes[2] = packet.detectMult
  bytes[3] = controlPacketSize
  view.setUint32(4, packet.myDiscr)
  view.setUint32(8, packet.yourDiscr)
  view.setUint32(12, packet.desiredMinTxInterval)
  view.setUint32(16, packet.requiredMinRxInterval)
  view.setUint32(20, packet.requiredMinEchoRxInterval)
  return bytes
}

/** Reads the payload of a datagram, with every check of RFC 5880 §6.8.6 that needs no session. Never throws. */
export function decodeControlPacket(bytes: Uint8Array): DecodedControlPacket {
  const why = fault(bytes)
  if (why) return { kind: 'refused', why }
  const view = viewOf(bytes)
  const flags = view.getUint8(1)
  const packet: ControlPacket = {
    diag: view.getUint8(0) & 0x1f,
    state: stateOf(flags),
    poll: (flags & Flag.P) !== 0,
    final: (flags & Flag.F) !== 0,
    controlPlaneIndependent: (flags & Flag.C) !== 0,
    demand: (flags & Flag.D) !== 0,
    detectMult: view.getUint8(2),
    myDiscr: view.getUint32(4),
    yourDiscr: view.getUint32(8),
    desiredMinTxInterval: view.getUint32(12),
    requiredMinRxInterval: view.getUint32(16),
    requiredMinEchoRxInterval: view.getUint32(20),
  }
  return { kind: 'packet', packet }
}

function fault(bytes: Uint8Array): BfdRefusal | undefined {
  if (bytes.length < controlPacketSize) return 'length'
  const view = viewOf(bytes)
  const flags = view.getUint8(1)
  const length = view.getUint8(3)
  if (view.getUint8(0) >> 5 !== 1) return 'version'
  if (length < controlPacketSize || length > bytes.length) return 'length'
  if (flags & Flag.A) return 'authentication'
  if (view.getUint8(2) === 0) return 'detect-mult'
  if (flags & Flag.M) return 'multipoint'
  if (view.getUint32(4) === 0) return 'my-discriminator'
  const state = stateOf(flags)
  if (view.getUint32(8) === 0 && state !== 'Down' && state !== 'AdminDown') return 'your-discriminator'
  return undefined
}

function stateOf(flags: number): BfdState {
  return bfdStates[flags >> 6] ?? 'Down'
}
