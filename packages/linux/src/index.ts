/** What Node cannot open: netlink sockets, network namespaces and their sysctls. The only package with native code. */
export { LinuxError, type LinuxErrorCode, type SyscallFacts } from './errors.ts'
export { lockFile } from './file-lock.ts'
export { createMonitor, type MonitorOptions } from './monitor.ts'
export {
  enterNetns,
  inNetns,
  type Netns,
  netnsDirectory,
  openCurrentNetns,
  openNetns,
  warmThreadPool,
} from './netns.ts'
export { createNetns, deleteNetns } from './netns-names.ts'
export { type NetlinkOptions, openNetlink } from './open-netlink.ts'
export type { Endpoint } from './sockaddr.ts'
export { createSysctl, type Sysctl } from './sysctl.ts'
export { openTcpNetwork, type TcpConnectOptions, type TcpListen, type TcpListener, type TcpNetwork } from './tcp.ts'
export type { TcpConnection } from './tcp-connection.ts'
export { createUdp, type UdpOptions, type UdpSocket, type UdpTransport } from './udp.ts'
