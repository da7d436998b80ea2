import { addressText, attrAddress, defined } from '../rtnetlink/attributes.ts'
import type { Query } from '../rtnetlink/query.ts'
import { NLM_F_DUMP } from '../wire/header.ts'
import { NFNL_SUBSYS_CTNETLINK, NFPROTO_IPV4, NFPROTO_IPV6, nfnetlinkType } from '../wire/nfnetlink.ts'
import { attributeEnd, attributeLength, attributeType, type Message, nextAttribute } from '../wire/reader.ts'
import type { MessageWriter } from '../wire/writer.ts'

/** linux/netfilter/nfnetlink_conntrack.h */
const IPCTNL_MSG_CT_GET = 1
export const CTA_TUPLE_ORIG = 1
export const CTA_TUPLE_REPLY = 2
export const CTA_FILTER = 25
const CTA_STATUS = 3
const CTA_TIMEOUT = 7
const CTA_MARK = 8
const CTA_ID = 12
const CTA_ZONE = 18
const CTA_TUPLE_IP = 1
const CTA_TUPLE_PROTO = 2

/** One direction of a tracked flow. */
export interface FlowTuple {
  readonly src: string
  readonly dst: string
  /** IP protocol number. */
  readonly protocol: number
  readonly srcPort?: number
  readonly dstPort?: number
  readonly icmp?: { readonly id: number; readonly type: number; readonly code: number }
}

/** A flow that the kernel tracks. */
export interface TrackedFlow {
  readonly family: 4 | 6
  readonly orig: FlowTuple
  readonly reply: FlowTuple
  /** CT mark; 0 when none. */
  readonly mark: number
  /** IPS_* bits. */
  readonly status: number
  /** Seconds until it is forgotten. */
  readonly timeout: number
  readonly zone: number
  readonly id: number
}

/** All tracked flows of a family. */
export function trackedFlows(family: 4 | 6): Query<TrackedFlow> {
  return {
    what: 'tracked flows',
    type: nfnetlinkType(NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_GET),
    flags: NLM_F_DUMP,
    encode: (writer) => writeHeader(writer, family),
    decode: decodeFlow,
  }
}

/** nfgenmsg. Version 1 tells the kernel to honour the family of a delete by filter. */
export function writeHeader(writer: MessageWriter, family: 4 | 6): void {
  writer
    .u8(family === 4 ? NFPROTO_IPV4 : NFPROTO_IPV6)
    .u8(1)
    .u16Be(0)
}

/** A whole tuple, as a delete of one flow wants it. */
export function writeTuple(writer: MessageWriter, type: number, tuple: FlowTuple): void {
  writer.beginNested(type)
  writeTupleAddress(writer, 'src', tuple.src, tuple.dst)
  writer.beginNested(CTA_TUPLE_PROTO).attrU8(1, tuple.protocol)
  if (tuple.srcPort !== undefined) writer.attrU16Be(2, tuple.srcPort)
  if (tuple.dstPort !== undefined) writer.attrU16Be(3, tuple.dstPort)
  if (tuple.icmp) {
    const first = tuple.protocol === 58 ? 7 : 4
    writer
      .attrU16Be(first, tuple.icmp.id)
      .attrU8(first + 1, tuple.icmp.type)
      .attrU8(first + 2, tuple.icmp.code)
  }
  writer.endNested().endNested()
}

/** CTA_TUPLE_IP with one address, or both. CTA_IP_V4_SRC 1, V4_DST 2, V6_SRC 3, V6_DST 4. */
export function writeTupleAddress(writer: MessageWriter, which: 'src' | 'dst', address: string, dst?: string): void {
  const v6 = address.includes(':') ? 2 : 0
  writer.beginNested(CTA_TUPLE_IP)
  attrAddress(writer, (which === 'src' ? 1 : 2) + v6, address)
  if (dst !== undefined) attrAddress(writer, 2 + v6, dst)
  writer.endNested()
}

type Draft<T> = { -readonly [K in keyof T]?: T[K] | undefined }

export function decodeFlow({ view, start, end }: Message): TrackedFlow | undefined {
  const family = view.getUint8(start) === NFPROTO_IPV4 ? 4 : view.getUint8(start) === NFPROTO_IPV6 ? 6 : undefined
  if (!family) return undefined
  const flow: Draft<TrackedFlow> = { family, mark: 0, status: 0, timeout: 0, zone: 0, id: 0 }
  for (let at = start + 4; at < end; at = nextAttribute(view, at, end)) {
    attributeLength(view, at, end)
    const value = at + 4
    switch (attributeType(view, at)) {
      case CTA_TUPLE_ORIG:
        flow.orig = decodeTuple(view, value, attributeEnd(view, at))
        break
      case CTA_TUPLE_REPLY:
        flow.reply = decodeTuple(view, value, attributeEnd(view, at))
        break
      case CTA_STATUS:
        flow.status = view.getUint32(value)
        break
      case CTA_TIMEOUT:
        flow.timeout = view.getUint32(value)
        break
      case CTA_MARK:
        flow.mark = view.getUint32(value)
        break
      case CTA_ID:
        flow.id = view.getUint32(value)
        break
      case CTA_ZONE:
        flow.zone = view.getUint16(value)
        break
    }
  }
  return flow.orig && flow.reply ? (flow as TrackedFlow) : undefined
}

function decodeTuple(view: DataView, start: number, end: number): FlowTuple {
  const tuple: Draft<FlowTuple> = { src: '', dst: '', protocol: 0 }
  for (let at = start; at < end; at = nextAttribute(view, at, end)) {
    attributeLength(view, at, end)
    const [from, to] = [at + 4, attributeEnd(view, at)]
    if (attributeType(view, at) === CTA_TUPLE_IP) decodeTupleAddresses(tuple, view, from, to)
    else if (attributeType(view, at) === CTA_TUPLE_PROTO) decodeTupleProtocol(tuple, view, from, to)
  }
  return defined<FlowTuple>(tuple as { [K in keyof FlowTuple]: FlowTuple[K] | undefined })
}

function decodeTupleAddresses(tuple: Draft<FlowTuple>, view: DataView, start: number, end: number): void {
  for (let at = start; at < end; at = nextAttribute(view, at, end)) {
    attributeLength(view, at, end)
    const text = addressText(view, at + 4, attributeEnd(view, at))
    if (attributeType(view, at) % 2 === 1) tuple.src = text
    else tuple.dst = text
  }
}

function decodeTupleProtocol(tuple: Draft<FlowTuple>, view: DataView, start: number, end: number): void {
  let id: number | undefined
  let [type, code] = [0, 0]
  for (let at = start; at < end; at = nextAttribute(view, at, end)) {
    attributeLength(view, at, end)
    const value = at + 4
    switch (attributeType(view, at)) {
      case 1: // CTA_PROTO_NUM
        tuple.protocol = view.getUint8(value)
        break
      case 2: // CTA_PROTO_SRC_PORT
        tuple.srcPort = view.getUint16(value)
        break
      case 3: // CTA_PROTO_DST_PORT
        tuple.dstPort = view.getUint16(value)
        break
      case 4: // CTA_PROTO_ICMP_ID
      case 7: // CTA_PROTO_ICMPV6_ID
        id = view.getUint16(value)
        break
      case 5:
      case 8:
        type = view.getUint8(value)
        break
      case 6:
      case 9:
        code = view.getUint8(value)
        break
    }
  }
  if (id !== undefined) tuple.icmp = { id, type, code }
}
