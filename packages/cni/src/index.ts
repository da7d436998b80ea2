/** CNI 0.1.0 to 1.1.0 over ports: ADD, DEL, CHECK, GC, STATUS, VERSION; asking a resident agent, and being asked. */
export type { DatastoreChoice } from './config/datastore-choice.ts'
export { type CniDriverOptions, createCniDrivers } from './drivers.ts'
export { CniError, type CniErrorCode, type CniErrorFacts, type ErrorReply } from './errors.ts'
export type { LogOptions } from './logging/options.ts'
export type { PodLink, PodLinkNames, PodNetwork } from './network/pod-network.ts'
export type { CniDrivers, CniReply, CniRequest, DelegateReply } from './ports.ts'
export {
  type CniResult,
  formatResult,
  parseResult,
  type ResultAddress,
  type ResultDns,
  type ResultInterface,
  type ResultRoute,
} from './protocol/result.ts'
export { type CniVersion, supportedVersions } from './protocol/versions.ts'
export { runCni } from './run.ts'
export { type ServeOptions, serveCni } from './socket/serve.ts'
