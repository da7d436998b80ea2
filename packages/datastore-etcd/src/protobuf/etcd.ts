/** etcd's messages, as far as they are used: etcd 3.4 api, rpc.proto and kv.proto. Field numbers are theirs. */
import { bool, bytes, field, int64, message, repeated, small, text } from './message.ts'

const responseHeader = message({ revision: field(3, int64) })
const header = field(1, responseHeader)

export const keyValue = message({ key: field(1, bytes), modRevision: field(3, int64), value: field(5, text) })

export const rangeRequest = message({
  key: field(1, bytes),
  rangeEnd: field(2, bytes),
  limit: field(3, int64),
  revision: field(4, int64),
  countOnly: field(9, bool),
})
export const rangeResponse = message({ header, kvs: repeated(2, keyValue), more: field(3, bool) })

export const putRequest = message({
  key: field(1, bytes),
  value: field(2, bytes),
  lease: field(3, int64),
  prevKv: field(4, bool),
})
export const putResponse = message({ header, prevKv: field(2, keyValue) })

export const deleteRangeRequest = message({ key: field(1, bytes), prevKv: field(3, bool) })
export const deleteRangeResponse = message({ header, deleted: field(2, int64), prevKvs: repeated(3, keyValue) })

export const compareResult = { equal: 0, greater: 1 } as const
export const compareTarget = { version: 0, create: 1, mod: 2 } as const
export const compare = message({
  result: field(1, small),
  target: field(2, small),
  key: field(3, bytes),
  createRevision: field(5, int64),
  modRevision: field(6, int64),
})
export const requestOp = message({
  range: field(1, rangeRequest),
  put: field(2, putRequest),
  deleteRange: field(3, deleteRangeRequest),
})
export const responseOp = message({
  range: field(1, rangeResponse),
  put: field(2, putResponse),
  deleteRange: field(3, deleteRangeResponse),
})
export const txnRequest = message({
  compare: repeated(1, compare),
  success: repeated(2, requestOp),
  failure: repeated(3, requestOp),
})
export const txnResponse = message({ header, succeeded: field(2, bool), responses: repeated(3, responseOp) })

export const compactionRequest = message({ revision: field(1, int64), physical: field(2, bool) })
export const compactionResponse = message({ header })

export const eventType = { put: 0, delete: 1 } as const
export const event = message({ type: field(1, small), kv: field(2, keyValue) })
export const watchCreateRequest = message({
  key: field(1, bytes),
  rangeEnd: field(2, bytes),
  startRevision: field(3, int64),
  progressNotify: field(4, bool),
  fragment: field(8, bool),
})
export const watchRequest = message({ create: field(1, watchCreateRequest) })
export const watchResponse = message({
  header,
  created: field(3, bool),
  canceled: field(4, bool),
  compactRevision: field(5, int64),
  cancelReason: field(6, text),
  fragment: field(7, bool),
  events: repeated(11, event),
})

export const leaseGrantRequest = message({ ttlSeconds: field(1, int64) })
export const leaseGrantResponse = message({ header, id: field(2, int64), error: field(4, text) })

export const authenticateRequest = message({ name: field(1, text), password: field(2, text) })
export const authenticateResponse = message({ header, token: field(2, text) })

export const statusRequest = message({})
export const statusResponse = message({
  header,
  version: field(2, text),
  dbSizeBytes: field(3, int64),
  leader: field(4, int64),
})
