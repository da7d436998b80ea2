/** Enumerations of linux/netfilter/nf_tables.h in order: the place of a name is its number; `-` is a number not used here. */

export const metaKeys = [
  'length',
  'protocol',
  'priority',
  'mark',
  'iif',
  'oif',
  'iifname',
  'oifname',
  'iiftype',
  'oiftype',
  'skuid',
  'skgid',
  'nftrace',
  'rtclassid',
  'secmark',
  'nfproto',
  'l4proto',
  'ibrname',
  'obrname',
  'pkttype',
  'cpu',
  'iifgroup',
  'oifgroup',
  'cgroup',
  'random',
  'secpath',
  'iifkind',
  'oifkind',
  'ibrpvid',
  'ibrvproto',
  'time',
  'day',
  'hour',
  'sdif',
  'sdifname',
] as const
export type MetaKey = (typeof metaKeys)[number]

export const ctKeys = [
  'state',
  'direction',
  'status',
  'mark',
  'secmark',
  'expiration',
  'helper',
  'l3proto',
  'src',
  'dst',
  'protocol',
  'proto-src',
  'proto-dst',
  'labels',
  'packets',
  'bytes',
  'avgpkt',
  'zone',
  'eventmask',
  'src-ip',
  'dst-ip',
  'src-ip6',
  'dst-ip6',
  'id',
] as const
export type CtKey = (typeof ctKeys)[number]

export const ctDirections = ['original', 'reply'] as const
export type CtDirection = (typeof ctDirections)[number]

export const rtKeys = ['classid', 'nexthop4', 'nexthop6', 'tcpmss', 'ipsec'] as const
export type RtKey = (typeof rtKeys)[number]

export const socketKeys = ['transparent', 'mark', 'wildcard', 'cgroupv2'] as const
export type SocketKey = (typeof socketKeys)[number]

export const payloadBases = ['link', 'network', 'transport', 'inner'] as const
export type PayloadBase = (typeof payloadBases)[number]

export const cmpOps = ['eq', 'neq', 'lt', 'lte', 'gt', 'gte'] as const
export type CmpOp = (typeof cmpOps)[number]

export const fibResults = ['-', 'oif', 'oifname', 'type'] as const
export type FibResult = Exclude<(typeof fibResults)[number], '-'>

/** By bit. */
export const fibFlags = ['saddr', 'daddr', 'mark', 'iif', 'oif', 'present'] as const
export type FibFlag = (typeof fibFlags)[number]

/** syslog levels; `audit` sends to the audit log. */
export const logLevels = ['emerg', 'alert', 'crit', 'err', 'warn', 'notice', 'info', 'debug', 'audit'] as const
export type LogLevel = (typeof logLevels)[number]

/** By bit: linux/netfilter/nf_log.h. */
export const logFlags = ['tcp-sequence', 'tcp-options', 'ip-options', 'uid', '-', 'macdecode'] as const
export type LogFlag = Exclude<(typeof logFlags)[number], '-'>

/** By bit: linux/netfilter/nf_nat.h. The first two the kernel sets by itself. */
export const natFlags = ['-', '-', 'random', 'persistent', 'fully-random', '-', 'netmap'] as const
export type NatFlag = Exclude<(typeof natFlags)[number], '-'>
