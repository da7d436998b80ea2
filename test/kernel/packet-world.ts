import type { Flow } from '@tortie/dataplane'
import { localParties, remoteParties } from '@tortie/dataplane/testing/arbitraries'
import { createSysctl, openNetlink } from '@tortie/linux'
import { createTestNetns, openPacketSocket, type PacketSocket, type TestNetns } from '@tortie/linux/testing'
import {
  beginNfnetlink,
  createMessageWriter,
  NFNL_SUBSYS_CTNETLINK,
  NLM_F_ACK,
  NLM_F_REQUEST,
  nfnetlinkType,
  readAnswers,
} from '@tortie/netlink'
import { encodeFrame, markOf } from './packet-frame.ts'

const NETLINK_NETFILTER = 12
const IPCTNL_MSG_CT_DELETE = 2

/** A flow, and by which party it is sent: its own source, or another's when it is spoofed. */
export interface Sent {
  readonly flow: Flow
  /** Interface of the host that it enters by: `cali1` … or `eth0`. */
  readonly by: string
}

/**
 * A host with the interfaces of the arbitraries' universe, and a namespace without a protocol stack in which all their
 * other ends are. What the host forwards arrives there as frames; nothing answers, so every flow stays a new one.
 */
export interface PacketWorld extends Disposable {
  readonly host: TestNetns
  /** For each, whether the host let it through. @throws Error when the machine loses packets */
  deliver(sent: readonly Sent[]): Promise<boolean[]>
  /** Forgets all connections. */
  forget(): void
}

/** Interface by which the host reaches an address of the universe. */
export function interfaceOf(address: string): string {
  return localParties.find(({ v4, v6 }) => v4 === address || v6 === address)?.interface ?? 'eth0'
}

const mac = (last: number): string => `02:00:00:00:00:0${last}`
const macBytes = (last: number): Uint8Array => Uint8Array.of(2, 0, 0, 0, 0, last)
/** Every end of the host has one, every other end the other. */
const hostMac = 1
const peerMac = 2

export function createPacketWorld(): PacketWorld {
  const host = createTestNetns('host')
  const peers = createTestNetns('peers')
  const links = [...localParties.map(({ interface: name }) => name), 'eth0', 'probe1', 'probe2']
  prepare(host, peers, links)
  const indexes = new Map(
    (peers.ipJson('link', 'show') as { ifname: string; ifindex: number }[]).map(({ ifname, ifindex }) => [
      ifname,
      ifindex,
    ]),
  )
  const socket = openPacketSocket(peers)
  const control = openNetlink({ protocol: NETLINK_NETFILTER, netns: host })
  return {
    host,
    deliver: (sent) => deliver(socket, indexes, sent),
    forget() {
      const writer = createMessageWriter(64)
      const type = nfnetlinkType(NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_DELETE)
      beginNfnetlink(writer, type, NLM_F_REQUEST | NLM_F_ACK, 1, { family: 0 })
      writer.end()
      const { refusals } = readAnswers(control.exchangeSync(writer.bytes))
      if (refusals.length > 0) throw new Error(`conntrack flush: errno ${refusals[0]?.errno}`)
    },
    [Symbol.dispose]() {
      socket[Symbol.dispose]()
      control[Symbol.dispose]()
      host[Symbol.dispose]()
      peers[Symbol.dispose]()
    },
  }
}

/** Addresses behind `probe1` and `probe2`, which no policy knows. */
const sentinel: Sent = {
  flow: { source: '198.51.100.1', destination: '198.51.100.2', protocol: 17, sourcePort: 1, destinationPort: 1 },
  by: 'probe1',
}

function prepare(host: TestNetns, peers: TestNetns, links: readonly string[]): void {
  const sysctl = { host: createSysctl(host), peers: createSysctl(peers) }
  sysctl.host.write('net/ipv4/ip_forward', '1')
  sysctl.host.write('net/ipv6/conf/all/forwarding', '1')
  sysctl.peers.write('net/ipv4/ip_forward', '0')
  sysctl.peers.write('net/ipv6/conf/all/disable_ipv6', '1')
  sysctl.peers.write('net/ipv6/conf/default/disable_ipv6', '1')
  // Linux takes every UDPLite checksum for wrong: it computes them with UDP's protocol number.
  sysctl.host.write('net/netfilter/nf_conntrack_checksum', '0')
  for (const where of ['all', 'default']) sysctl.host.write(`net/ipv4/conf/${where}/rp_filter`, '0')
  host.ip(
    ...links.flatMap((name) => [
      `link add ${name} type veth peer name ${name} netns ${peers.name}`,
      `link set ${name} address ${mac(hostMac)} addrgenmode none`,
      `link set ${name} up`,
    ]),
  )
  peers.ip(...links.flatMap((name) => [`link set ${name} address ${mac(peerMac)}`, `link set ${name} up`]))
  const behind = [
    ...[...localParties, ...remoteParties]
      .flatMap(({ v4, v6 }) => [v4, v6])
      .map((at) => [at, interfaceOf(at)] as const),
    [sentinel.flow.source, 'probe1'] as const,
    [sentinel.flow.destination, 'probe2'] as const,
  ]
  host.ip(
    ...behind.flatMap(([address, name]) => [
      `route add ${address} dev ${name}`,
      `neigh add ${address} lladdr ${mac(peerMac)} dev ${name} nud permanent`,
    ]),
  )
}

/** Not 0, which the host's own packets have. */
const firstMark = 0x1000
const sentinelMark = 0xffff
const patienceMs = 5_000

/** A frame of the sentinel goes last; what has not come when it comes was dropped. */
async function deliver(
  socket: PacketSocket,
  indexes: ReadonlyMap<string, number>,
  sent: readonly Sent[],
): Promise<boolean[]> {
  const send = ({ flow, by }: Sent, mark: number): void =>
    socket.send(indexes.get(by) ?? 0, encodeFrame(flow, mark, macBytes(hostMac), macBytes(peerMac)))
  while (socket.receive());
  for (const [index, one] of sent.entries()) send(one, firstMark + index)
  send(sentinel, sentinelMark)
  const arrived = sent.map(() => false)
  const deadline = performance.now() + patienceMs
  for (;;) {
    const received = socket.receive()
    if (!received) {
      if (!(await socket.ready(deadline))) throw new Error('the sentinel did not come through the host')
      continue
    }
    const mark = markOf(received.frame)
    if (mark === sentinelMark) return arrived
    const index = (mark ?? 0) - firstMark
    const one = sent[index]
    if (!one) continue
    if (received.interfaceIndex !== indexes.get(interfaceOf(one.flow.destination)))
      throw new Error(`flow ${index} came out of the wrong interface`)
    arrived[index] = true
  }
}
