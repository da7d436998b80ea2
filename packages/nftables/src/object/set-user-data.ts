import { hostIsLittleEndian } from '@tortie/netlink'
import { type DataType, dataTypes, type KeyType } from '../data-type.ts'
import { decodeUserData, encodeUserData, setCommentType, type UserDatum } from '../user-data.ts'
import type { NftSet } from './object.ts'

/** libnftnl/udata.h enum nftnl_udata_set_types. */
const KEYBYTEORDER = 0
const DATABYTEORDER = 1
const MERGE_ELEMENTS = 2
const KEY_TYPEOF = 3
const DATA_TYPEOF = 4
const DATA_INTERVAL = 6
const notes: ReadonlySet<number> = new Set([
  KEYBYTEORDER,
  DATABYTEORDER,
  MERGE_ELEMENTS,
  KEY_TYPEOF,
  DATA_TYPEOF,
  5,
  DATA_INTERVAL,
])

/** nftables include/datatype.h enum byteorder. */
const orders = { text: 1, host: 1, network: 2 } as const

function u32(type: number, value: number): UserDatum {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, value, hostIsLittleEndian)
  return { type, value: bytes }
}

function order(type: KeyType): number {
  const [only] = type
  return type.length === 1 && only !== undefined ? orders[dataTypes[only as DataType].order] : 0
}

/** What nft needs to show the elements, and the user data of the set itself. */
export function setUserData(set: NftSet): Uint8Array {
  const data: UserDatum[] = [u32(KEYBYTEORDER, order(set.key))]
  if (set.data !== undefined && set.data !== 'verdict') data.push(u32(DATABYTEORDER, order(set.data)))
  const written = encodeUserData(data)
  if (set.userData === undefined) return written
  const bytes = new Uint8Array(written.length + set.userData.length)
  bytes.set(written)
  bytes.set(set.userData, written.length)
  return bytes
}

/** User data without nft's notes; undefined when nothing is left. */
export function withoutNotes(userData: Uint8Array): Uint8Array | undefined {
  const rest = decodeUserData(userData).filter(({ type }) => type === setCommentType || !notes.has(type))
  return rest.length === 0 ? undefined : encodeUserData(rest)
}
