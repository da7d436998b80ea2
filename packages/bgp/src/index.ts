/** BGP-4 codec and session state machine: RFC 4271, 4760, 6793, 7606, 7911, 8092 and others. Knows nothing of sockets or kernel routes. */
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
export { BgpError, type BgpErrorCode } from './errors.ts'
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
export {
  type AsPath,
  type AsSegment,
  asPathLength,
  firstAs,
  formatAsPath,
  prependAs,
  type SegmentTypeCode,
} from './message/as-path.ts'
export type { Aggregator, LargeCommunity } from './message/attribute-fields.ts'
export { type AttributeSet, decodeAttributes, encodeAttributes } from './message/attributes.ts'
export {
  type AddPathDirections,
  type AfiSafi,
  type Capability,
  type CapabilityKind,
  type CapabilityOf,
  findCapability,
} from './message/capabilities.ts'
export type { Fault, FaultAction } from './message/fault.ts'
export { MessageFramer } from './message/framer.ts'
export * from './message/iana.ts'
export { type AttributeInterner, createAttributeInterner } from './message/intern.ts'
export {
  checkHeader,
  type DecodedMessage,
  decodeMessage,
  encodeMessage,
  type KeepaliveMessage,
  keepalive,
  type Message,
  type RouteRefreshMessage,
  writeMessage,
} from './message/message.ts'
export { formatNlri, formatNlriEntry, type Nlri, nlriOf, nlriSize, noNlri } from './message/nlri.ts'
export {
  formatNotification,
  hardReset,
  hardResetReason,
  type NotificationMessage,
  notification,
  shutdown,
  shutdownText,
} from './message/notification.ts'
export { asOf, type OpenMessage } from './message/open.ts'
export { defaultWireOptions, type WireOptions } from './message/options.ts'
export type { PathAttributes, UnknownAttribute } from './message/path-attributes.ts'
export {
  type DecodedUpdate,
  emptyUpdate,
  endOfRib,
  endOfRibFamily,
  type MpReach,
  type UpdateMessage,
} from './message/update.ts'
export { ByteWriter } from './message/writer.ts'
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
export { dumpTable, type TableDump, type TablePath } from './mrt/table-dump.ts'
export type * from './rib/contract.ts'
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
export type { DynamicPeers, Listen, PeerConfig, SpeakerConfig } from './speaker/config.ts'
export type { Connection, Listener, Network, SpeakerPorts, TcpOptions } from './speaker/ports.ts'
export type { PeerStatus, Speaker, SpeakerEvent, SpeakerOptions } from './speaker/speaker.ts'
