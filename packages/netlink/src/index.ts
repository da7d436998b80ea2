/** nlmsg and rtnetlink messages over a transport port. Knows no socket. */
export type { Announcement, NetlinkMonitor, NetlinkTransport } from './transport.ts'
