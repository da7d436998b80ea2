import type { Call } from '@tortie/runtime'
import { isRefusal, refusalError } from '../errors.ts'
import { createRtnetlink } from '../rtnetlink/client.ts'
import type { NetlinkTransport } from '../transport.ts'
import { readAnswers } from '../wire/answers.ts'
import { NLM_F_ACK, NLM_F_REQUEST } from '../wire/header.ts'
import { NFNL_SUBSYS_CTNETLINK, nfnetlinkType } from '../wire/nfnetlink.ts'
import { createMessageWriter } from '../wire/writer.ts'
import {
  CTA_FILTER,
  CTA_TUPLE_ORIG,
  CTA_TUPLE_REPLY,
  type TrackedFlow,
  trackedFlows,
  writeHeader,
  writeTuple,
  writeTupleAddress,
} from './flow.ts'

const IPCTNL_MSG_CT_DELETE = 2
const CTA_FILTER_ORIG_FLAGS = 1
const CTA_FILTER_REPLY_FLAGS = 2
/** CTA_FILTER_F_CTA_IP_SRC: only the source address of the tuple counts. */
const FILTER_SRC = 1
/**
 * PERF: with 100,000 tracked flows the kernel takes 25 ms for each delete by filter, of which an address needs two; one
 * dump takes 180 ms whatever is looked for (kernel-facts). From here on the dump is cheaper.
 */
const dumpFrom = 5
/**
 * Filters are for IPv4 only: for IPv6 the kernel compares addresses the wrong way round and would forget every flow but
 * those asked for (seen on 6.18; linux net/netfilter/nf_conntrack_netlink.c ctnetlink_filter_match_tuple).
 */
const filteredFamily = 4
const deletesPerDatagram = 500

/** The connection tracking of one network namespace: that of its transport (NETLINK_NETFILTER). */
export interface Conntrack {
  read(family: 4 | 6, call: Call): Promise<TrackedFlow[]>
  /**
   * Forgets every flow that one of the addresses started or answers, so that a new holder of the address does not
   * inherit them: the flows of `conntrack -D --orig-src` and `--reply-src`. Spec 02 §5.4.
   */
  forget(addresses: readonly string[], call: Call): Promise<void>
}

/** @param transport a NETLINK_NETFILTER socket */
export function createConntrack(transport: NetlinkTransport): Conntrack {
  const client = createRtnetlink(transport)
  let filters = true // until the kernel refuses one

  const byFilter = async (address: string, call: Call): Promise<boolean> => {
    const writer = createMessageWriter(256)
    writeFilterDelete(writer, address, CTA_TUPLE_ORIG, 1)
    writeFilterDelete(writer, address, CTA_TUPLE_REPLY, 2)
    const refusals = readAnswers(await transport.exchange(writer.bytes, call)).refusals
    const errors = refusals.map((refusal) => refusalError(refusal, `forget flows of ${address}`, -1))
    // Nothing tracked is as good as forgotten; kernels before 6.x want a whole tuple and say EINVAL.
    const serious = errors.find((error) => error.code !== 'netlink/missing')
    if (serious && (isRefusal(serious, 'EINVAL') || isRefusal(serious, 'EOPNOTSUPP'))) return false
    if (serious) throw serious
    return true
  }

  const byDump = async (family: 4 | 6, addresses: ReadonlySet<string>, call: Call): Promise<void> => {
    const flows = await client.read(trackedFlows(family), call)
    const held = flows.filter(({ orig, reply }) => addresses.has(orig.src) || addresses.has(reply.src))
    for (let at = 0; at < held.length; at += deletesPerDatagram) {
      const writer = createMessageWriter(deletesPerDatagram * 100)
      for (const flow of held.slice(at, at + deletesPerDatagram)) writeFlowDelete(writer, flow)
      for (const refusal of readAnswers(await transport.exchange(writer.bytes, call)).refusals) {
        const error = refusalError(refusal, 'forget a flow', -1)
        if (error.code !== 'netlink/missing') throw error
      }
    }
  }

  return {
    read: (family, call) => client.read(trackedFlows(family), call),
    async forget(addresses, call) {
      for (const family of [4, 6] as const) {
        const own = addresses.filter((address) => address.includes(':') === (family === 6))
        if (own.length === 0) continue
        let rest = [...own]
        if (filters && family === filteredFamily && own.length < dumpFrom) {
          while (rest[0] !== undefined && filters) {
            filters = await byFilter(rest[0], call)
            if (filters) rest = rest.slice(1)
          }
        }
        if (rest.length > 0) await byDump(family, new Set(rest), call)
      }
    },
  }
}

type Writer = ReturnType<typeof createMessageWriter>

function beginDelete(writer: Writer, family: 4 | 6, seq: number): void {
  writer.begin(nfnetlinkType(NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_DELETE), NLM_F_REQUEST | NLM_F_ACK, seq)
  writeHeader(writer, family)
}

function writeFilterDelete(writer: Writer, address: string, tuple: number, seq: number): void {
  beginDelete(writer, address.includes(':') ? 6 : 4, seq)
  writer.beginNested(tuple)
  writeTupleAddress(writer, 'src', address)
  writer.endNested()
  writer.beginNested(CTA_FILTER)
  writer.attrU32(CTA_FILTER_ORIG_FLAGS, tuple === CTA_TUPLE_ORIG ? FILTER_SRC : 0)
  writer.attrU32(CTA_FILTER_REPLY_FLAGS, tuple === CTA_TUPLE_REPLY ? FILTER_SRC : 0)
  writer.endNested().end()
}

function writeFlowDelete(writer: Writer, flow: TrackedFlow): void {
  beginDelete(writer, flow.family, 1)
  writeTuple(writer, CTA_TUPLE_ORIG, flow.orig)
  if (flow.zone !== 0) writer.attrU16Be(18, flow.zone)
  writer.end()
}
