/** nlmsg, rtnetlink and conntrack messages over a transport port. Knows no socket. */
export { errnoName, errnoOf } from './errno.ts'
export {
  isRefusal,
  NetlinkError,
  type NetlinkErrorCode,
  type RefusedFacts,
  refusalError,
  throwRefusal,
} from './errors.ts'
export type { Announcement, NetlinkMonitor, NetlinkTransport } from './transport.ts'
export { type Answers, type Refusal, readAnswers } from './wire/answers.ts'
export {
  align,
  attributeHeaderSize,
  headerSize,
  hostIsLittleEndian,
  NLA_F_NESTED,
  NLM_F_ACK,
  NLM_F_APPEND,
  NLM_F_CREATE,
  NLM_F_DUMP,
  NLM_F_ECHO,
  NLM_F_EXCL,
  NLM_F_REPLACE,
  NLM_F_REQUEST,
  NLMSG_DONE,
  NLMSG_ERROR,
} from './wire/header.ts'
export {
  beginNfnetlink,
  NETLINK_GENERIC,
  NETLINK_NETFILTER,
  NETLINK_ROUTE,
  NFNL_BATCH_GENID,
  NFNL_MSG_BATCH_BEGIN,
  NFNL_MSG_BATCH_END,
  NFNL_SUBSYS_CTNETLINK,
  NFNL_SUBSYS_IPSET,
  NFNL_SUBSYS_NFTABLES,
  NFPROTO_ARP,
  NFPROTO_BRIDGE,
  NFPROTO_INET,
  NFPROTO_IPV4,
  NFPROTO_IPV6,
  NFPROTO_NETDEV,
  NFPROTO_UNSPEC,
  nfgenmsgSize,
  nfnetlinkType,
} from './wire/nfnetlink.ts'
export {
  attributeEnd,
  attributeLength,
  attributeType,
  forEachAttribute,
  forEachMessage,
  type Message,
  nextAttribute,
  readBytes,
  readI32,
  readString,
  readU16,
  readU32,
  readU64,
} from './wire/reader.ts'
export { createMessageWriter, type MessageWriter } from './wire/writer.ts'
