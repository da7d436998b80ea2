/** BGP-4: codec, session state machine, routing tables and a speaker of them, over ports. Knows nothing of sockets or kernel routes. */
export {
  type Bfd,
  type BfdPorts,
  type BfdSession,
  type BfdSessionOptions,
  type BfdTimers,
  createBfd,
} from './bfd/bfd.ts'
export type { BfdDrop } from './bfd/drops.ts'
export { type BfdEvent, type BfdTransition, bfdStep } from './bfd/fsm.ts'
export {
  type BfdRefusal,
  type BfdState,
  type ControlPacket,
  type DecodedControlPacket,
  Diagnostic,
  decodeControlPacket,
  encodeControlPacket,
} from './bfd/packet.ts'
export type { BfdEndpoint, BfdSocket, BfdSocketOptions, BfdTransport } from './bfd/ports.ts'
export type { BfdStatus } from './bfd/session.ts'
export * from './codec.ts'
export {
  type AttributeStage,
  type CompiledFilter,
  compileFilter,
  filterHash,
  type Outcome,
} from './filter/compile.ts'
export type { FilterContext } from './filter/conditions.ts'
export { explainFilter, type FilterExplanation, type FilteredRoute, type FilterStep } from './filter/explain.ts'
export {
  type Action,
  acceptAll,
  type Filter,
  type Match,
  type PrefixMatch,
  type RouteSource,
  rejectAll,
  type Statement,
  type Verdict,
} from './filter/filter.ts'
export { decodeMrt } from './mrt/decode.ts'
export { encodeMrt, writeMrt } from './mrt/encode.ts'
export { readMrt } from './mrt/read.ts'
export type {
  MessageRecord,
  MrtPeer,
  MrtRecord,
  OtherRecord,
  PeerIndexTable,
  RibEntry,
  RibRecord,
  StateChangeRecord,
} from './mrt/record.ts'
export { dumpRib, type RibDump } from './mrt/rib-dump.ts'
export { dumpTable, type TableDump, type TablePath } from './mrt/table-dump.ts'
export type * from './rib/contract.ts'
export { createRib } from './rib/rib.ts'
export { type CollisionVerdict, type Initiator, resolveCollision, type Speakers } from './session/collision.ts'
export {
  type Effect,
  type Ending,
  type Event,
  type EventKind,
  type FsmPeer,
  idle,
  type State,
  type Status,
  type Step,
  step,
  type Timer,
} from './session/fsm.ts'
export { checkOpen, type GracefulRestart, negotiate, type Session } from './session/negotiate.ts'
export { bfdPaths } from './speaker/bfd-paths.ts'
export type { DynamicPeers, Listen, PeerConfig, SpeakerConfig } from './speaker/config.ts'
export { createSpeaker } from './speaker/create-speaker.ts'
export { peerConfig } from './speaker/peer-config.ts'
export type {
  Connection,
  Listener,
  MonitoredPath,
  Network,
  PathMonitor,
  SpeakerPorts,
  TcpOptions,
} from './speaker/ports.ts'
export type { MessageCounts, PeerStatus, Speaker, SpeakerEvent, SpeakerOptions } from './speaker/speaker.ts'
