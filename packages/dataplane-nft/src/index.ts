/** The policy program in nf_tables: one table, one kernel transaction for each change. */
export { defaultNftConfig, type NatConfig, type NftConfig, type RateLimit } from './config.ts'
export { createNftDataplane, type NftDataplanePorts } from './dataplane.ts'
export { NftDataplaneError, type NftDataplaneErrorCode } from './errors.ts'
export { formatOrigin, type Origin, parseOrigin, shortId } from './render/origin.ts'
