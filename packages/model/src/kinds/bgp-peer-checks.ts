import { parseAddressPort } from '../scalars/address-port.ts'
import { complaintOf } from '../scalars/bad-value.ts'
import type { Finding } from '../schema/fields.ts'
import { addressComplaint } from '../schema/formats.ts'

/** What BGPPeers may not combine (spec 01 §1.14). */

interface CheckedPeer {
  readonly node?: string | undefined
  readonly nodeSelector?: string | undefined
  readonly peerIP?: string | undefined
  readonly asNumber?: number | string | undefined
  readonly peerSelector?: string | undefined
  readonly keepOriginalNextHop?: boolean | undefined
  readonly nextHopMode?: string | undefined
  readonly reachableBy?: string | undefined
  readonly localWorkloadSelector?: string | undefined
}

export function* bgpPeerFindings(spec: CheckedPeer): Generator<Finding> {
  if (spec.node && spec.nodeSelector) yield { at: ['node'], reason: 'node and nodeSelector cannot both be set' }
  if (spec.peerIP && spec.peerSelector) yield { at: ['peerIP'], reason: 'peerIP and peerSelector cannot both be set' }
  if (spec.peerSelector && Number(spec.asNumber ?? 0) !== 0)
    yield { at: ['asNumber'], reason: 'asNumber must be empty when peerSelector is set' }
  if (spec.keepOriginalNextHop && spec.nextHopMode)
    yield {
      at: ['keepOriginalNextHop'],
      reason:
        'keepOriginalNextHop and nextHopMode cannot both be set; keepOriginalNextHop is deprecated, use nextHopMode instead',
    }
  yield* localWorkloadFindings(spec)
  yield* reachableByFindings(spec)
}

function* localWorkloadFindings({
  localWorkloadSelector,
  peerIP,
  peerSelector,
  asNumber,
}: CheckedPeer): Generator<Finding> {
  if (!localWorkloadSelector) return
  if (peerIP) yield { at: ['peerIP'], reason: 'peerIP must be empty when localWorkloadSelector is set' }
  if (peerSelector)
    yield { at: ['peerSelector'], reason: 'peerSelector must be empty when localWorkloadSelector is set' }
  if (Number(asNumber ?? 0) === 0)
    yield { at: ['asNumber'], reason: 'asNumber is required when localWorkloadSelector is set' }
}

function* reachableByFindings({ reachableBy, peerIP }: CheckedPeer): Generator<Finding> {
  if (!reachableBy) return
  if (!peerIP) yield { at: ['reachableBy'], reason: 'reachableBy must be empty when peerIP is empty' }
  else if (complaintOf(() => parseAddressPort(peerIP)) === undefined && addressComplaint(reachableBy) === undefined)
    if (addressComplaint(reachableBy, parseAddressPort(peerIP).family) !== undefined)
      yield { at: ['reachableBy'], reason: 'ReachableBy and PeerIP address family mismatched' }
}
