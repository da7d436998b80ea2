import { formatAsPath, type PathView, type PeerConfig, type PeerStatus } from '@tortie/bgp'
import type { Family } from '@tortie/ip'
import { timestampOf } from '@tortie/model'
import type { BgpRoute } from './control.ts'
import type { BgpPeerStatus } from './status.ts'

/** PeerConfig.kind as topology writes it, in the words of CalicoNodeStatus. */
const peerTypes: Readonly<Record<string, BgpPeerStatus['type']>> = {
  mesh: 'NodeMesh',
  global: 'GlobalPeer',
  node: 'NodePeer',
  'local-workload': 'LocalWorkload',
}

/** One peer for people and for CalicoNodeStatus. */
export function peerView(peer: PeerStatus, config: PeerConfig | undefined): BgpPeerStatus {
  const host = peer.address.includes(':') ? `[${peer.address}]` : peer.address
  const state = peer.state === 'Established' ? 'up' : config?.shutdown === undefined ? 'start' : 'down'
  return {
    name: peer.key,
    ...(peer.remoteAs !== undefined && { asNumber: peer.remoteAs }),
    flaps: peer.flaps,
    routes: { received: peer.received, accepted: peer.accepted, sent: peer.sent },
    type: peerTypes[peer.kind ?? ''] ?? 'NodePeer',
    peerIP: peer.port === 179 ? peer.address : `${host}:${peer.port}`,
    state,
    bgpState: peer.state,
    since: timestampOf(peer.since),
    ...(peer.lastError !== undefined && { info: peer.lastError }),
  }
}

const sources: Readonly<Record<PathView['source'], BgpRoute['source']>> = {
  bgp: 'BGPPeer',
  direct: 'Direct',
  static: 'Static',
  kernel: 'Kernel',
  local: 'Static',
}

const reasons: Readonly<Record<PathView['status'], (path: PathView) => string | undefined>> = {
  best: () => undefined,
  equal: () => undefined,
  lost: ({ lostAt }) => lostAt && `another path wins by ${lostAt}`,
  rejected: ({ because }) => because && `rejected by ${because}`,
  looped: ({ because }) => because ?? 'it has been here before',
}

/** One path for people and for CalicoNodeStatus. @param peer the configuration of the peer that told it */
export function routeView(family: Family, path: PathView, peer: PeerConfig | undefined): BgpRoute {
  const { attributes, resolution } = path
  const because = reasons[path.status](path)
  const gateway = resolution?.gateway ?? path.nextHop
  return {
    family,
    prefix: path.prefix,
    status: path.status,
    ...(because !== undefined && { because }),
    source: peer?.kind === 'mesh' ? 'NodeMesh' : sources[path.source],
    ...(path.peer !== undefined && { peer: path.peer }),
    ...(peer && { peerIP: peer.address }),
    ...(path.nextHop !== undefined && { nextHop: path.nextHop }),
    ...(gateway !== undefined && { gateway }),
    ...(resolution?.interface !== undefined && { interface: resolution.interface }),
    localPref: attributes.localPref ?? 100,
    asPath: formatAsPath(attributes.asPath ?? []),
    communities: [
      ...(attributes.communities ?? []).map((value) => `${value >>> 16}:${value & 0xffff}`),
      ...(attributes.largeCommunities ?? []).map((parts) => parts.join(':')),
    ],
    stale: path.stale,
  }
}
