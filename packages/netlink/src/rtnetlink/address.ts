import { parseCidr } from '@tortie/ip'
import { NLM_F_DUMP } from '../wire/header.ts'
import { attributeEnd, attributeLength, attributeType, type Message, nextAttribute, readU32 } from '../wire/reader.ts'
import type { MessageWriter } from '../wire/writer.ts'
import { addressText, attrAddress } from './attributes.ts'
import { AF_UNSPEC, familyNumber, familyOf, RT_SCOPE_UNIVERSE, RTM_GETADDR } from './constants.ts'
import type { Query } from './query.ts'

const IFA_ADDRESS = 1
const IFA_LOCAL = 2
const IFA_FLAGS = 8
const IFA_F_NODAD = 0x02
const IFA_F_TENTATIVE = 0x40

/** An address of a device. */
export interface InterfaceAddress {
  readonly ifindex: number
  /** Address with the length of its subnet: `10.0.0.1/24`. */
  readonly address: string
  /** rtm_scope; universe when left out. */
  readonly scope?: number
  /** IPv6: usable at once, without duplicate address detection. */
  readonly nodad?: boolean
  /** IPv6, read only: duplicate address detection is still under way. */
  readonly tentative?: boolean
}

/** ifaddrmsg: family u8, prefix length u8, flags u8, scope u8, index u32. */
export function encodeInterfaceAddress(
  writer: MessageWriter,
  { ifindex, address, scope, nodad }: InterfaceAddress,
): void {
  const { address: parsed, length } = parseCidr(address)
  const text = address.split('/')[0] ?? address
  writer
    .u8(familyNumber(parsed.family))
    .u8(length)
    .u8(0)
    .u8(scope ?? RT_SCOPE_UNIVERSE)
    .u32(ifindex)
  attrAddress(writer, IFA_LOCAL, text)
  attrAddress(writer, IFA_ADDRESS, text)
  if (nodad) writer.attrU32(IFA_FLAGS, IFA_F_NODAD)
}

/** @param filter only of this family and device */
export function interfaceAddresses(
  filter: { readonly family?: 4 | 6; readonly ifindex?: number } = {},
): Query<InterfaceAddress> {
  return {
    what: 'addresses',
    type: RTM_GETADDR,
    flags: NLM_F_DUMP,
    encode: (writer) =>
      writer
        .u8(filter.family ? familyNumber(filter.family) : AF_UNSPEC)
        .zeros(3)
        .u32(filter.ifindex ?? 0),
    decode: decodeInterfaceAddress,
  }
}

export function decodeInterfaceAddress({ view, start, end }: Message): InterfaceAddress | undefined {
  const family = familyOf(view.getUint8(start))
  if (!family) return undefined
  let address: string | undefined
  let local: string | undefined
  let flags = view.getUint8(start + 2)
  for (let at = start + 8; at < end; at = nextAttribute(view, at, end)) {
    attributeLength(view, at, end)
    const type = attributeType(view, at)
    if (type === IFA_ADDRESS) address = addressText(view, at + 4, attributeEnd(view, at))
    else if (type === IFA_LOCAL) local = addressText(view, at + 4, attributeEnd(view, at))
    else if (type === IFA_FLAGS) flags = readU32(view, at + 4)
  }
  return {
    ifindex: readU32(view, start + 4),
    address: `${local ?? address}/${view.getUint8(start + 1)}`,
    scope: view.getUint8(start + 3),
    ...((flags & IFA_F_NODAD) === 0 ? {} : { nodad: true }),
    ...((flags & IFA_F_TENTATIVE) === 0 ? {} : { tentative: true }),
  }
}
