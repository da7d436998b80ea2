/** nlmsg, rtnetlink and conntrack messages over a transport port. Knows no socket. */
export { type Conntrack, createConntrack } from './conntrack/client.ts'
export type { FlowTuple, TrackedFlow } from './conntrack/flow.ts'
export { errnoName, errnoOf } from './errno.ts'
export {
  isRefusal,
  NetlinkError,
  type NetlinkErrorCode,
  type RefusalError,
  type RefusedFacts,
  refusalError,
  throwRefusal,
} from './errors.ts'
export { type InterfaceAddress, interfaceAddresses } from './rtnetlink/address.ts'
export { decodeEvents, type NetworkEvent } from './rtnetlink/announcement.ts'
export { createRtnetlink, type Rtnetlink } from './rtnetlink/client.ts'
export {
  AF_BRIDGE,
  AF_INET,
  AF_INET6,
  AF_UNSPEC,
  IF_OPER_UP,
  IFF_RUNNING,
  IFF_UP,
  NTF_EXT_LEARNED,
  NTF_MASTER,
  NTF_PROXY,
  NTF_SELF,
  NUD_FAILED,
  NUD_NOARP,
  NUD_PERMANENT,
  NUD_REACHABLE,
  NUD_STALE,
  RT_SCOPE_HOST,
  RT_SCOPE_LINK,
  RT_SCOPE_NOWHERE,
  RT_SCOPE_UNIVERSE,
  RT_TABLE_LOCAL,
  RT_TABLE_MAIN,
  RTM_DELADDR,
  RTM_DELLINK,
  RTM_DELNEIGH,
  RTM_DELROUTE,
  RTM_DELRULE,
  RTM_GETADDR,
  RTM_GETLINK,
  RTM_GETNEIGH,
  RTM_GETROUTE,
  RTM_GETRULE,
  RTM_NEWADDR,
  RTM_NEWLINK,
  RTM_NEWNEIGH,
  RTM_NEWROUTE,
  RTM_NEWRULE,
  RTNLGRP_IPV4_IFADDR,
  RTNLGRP_IPV4_ROUTE,
  RTNLGRP_IPV4_RULE,
  RTNLGRP_IPV6_IFADDR,
  RTNLGRP_IPV6_ROUTE,
  RTNLGRP_IPV6_RULE,
  RTNLGRP_LINK,
  RTNLGRP_NEIGH,
  RTPROT_BIRD,
  RTPROT_BOOT,
  RTPROT_KERNEL,
  RTPROT_STATIC,
} from './rtnetlink/constants.ts'
export {
  type LinkChange,
  type LinkRef,
  linkBy,
  links,
  type NewLink,
  type VethPeer,
  type VxlanConfig,
} from './rtnetlink/link.ts'
export type { Link } from './rtnetlink/link-decode.ts'
export { type FdbEntry, fdb, type Neighbour, neighbours } from './rtnetlink/neighbour.ts'
export type { Query } from './rtnetlink/query.ts'
export { type AddVerb, encodeRequest, formatRequest, formatRoute, type Request } from './rtnetlink/request.ts'
export {
  type NextHop,
  type Route,
  type RouteFilter,
  type RouteMatch,
  type RouteType,
  routes,
} from './rtnetlink/route.ts'
export type { ReadRoute } from './rtnetlink/route-decode.ts'
export { type RoutingRule, rules } from './rtnetlink/rule.ts'
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
