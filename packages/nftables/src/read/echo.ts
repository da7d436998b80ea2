import {
  attributeType,
  type Message,
  NFNL_SUBSYS_NFTABLES,
  nextAttribute,
  nfgenmsgSize,
  nfnetlinkType,
} from '@tortie/netlink'
import { valueEnd } from '../wire/attribute.ts'
import { message as types } from '../wire/message.ts'
import { getU64 } from '../wire/number.ts'

/** Attribute that holds the handle, by message type. */
const handleOf = new Map<number, number>(
  (
    [
      [types.NEWTABLE, 4],
      [types.NEWCHAIN, 2],
      [types.NEWRULE, 3],
      [types.NEWSET, 16],
      [types.NEWFLOWTABLE, 5],
    ] as const
  ).map(([type, attribute]) => [nfnetlinkType(NFNL_SUBSYS_NFTABLES, type), attribute]),
)

/** Calls `visit` with the handle of the object that `message` announces, if it is of a kind that has handles. */
export function readHandles({ view, type, start, end }: Message, visit: (handle: bigint) => void): void {
  const attribute = handleOf.get(type)
  if (attribute === undefined) return
  for (let at = start + nfgenmsgSize; at < end; at = nextAttribute(view, at, end))
    if (attributeType(view, at) === attribute) visit(getU64(view, at + 4, valueEnd(view, at, end)))
}
