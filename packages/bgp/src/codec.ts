/** The message codec alone, for tools that read or write BGP and speak none. */
export { BgpError, type BgpErrorCode } from './errors.ts'
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
