import { forEachMessage, type Message, readU32 } from '../wire/reader.ts'
import { decodeInterfaceAddress, type InterfaceAddress } from './address.ts'
import * as rtm from './constants.ts'
import { decodeLink, type Link } from './link-decode.ts'
import { decodeFdbEntry, decodeNeighbour, type FdbEntry, type Neighbour } from './neighbour.ts'
import { decodeRoute, type ReadRoute } from './route-decode.ts'
import { decodeRule, type RoutingRule } from './rule.ts'

/** Something that changed in the namespace, as the kernel announces it to a monitor. */
export type NetworkEvent = { readonly gone: boolean } & (
  | { readonly kind: 'link'; readonly link: Link }
  | { readonly kind: 'address'; readonly address: InterfaceAddress }
  | { readonly kind: 'route'; readonly route: ReadRoute }
  | { readonly kind: 'neighbour'; readonly neighbour: Neighbour }
  | { readonly kind: 'fdb'; readonly entry: FdbEntry }
  | { readonly kind: 'rule'; readonly rule: RoutingRule }
)

/**
 * The events of one datagram of a monitor; other messages are left out.
 * @param except port id of a socket: what was done at its request is left out, too
 * @throws NetlinkError `netlink/malformed`
 */
export function decodeEvents(datagram: Uint8Array, except?: number): NetworkEvent[] {
  const events: NetworkEvent[] = []
  forEachMessage(datagram, (message) => {
    // nlmsg_pid is the last field of the header; 0 is the kernel.
    if (except !== undefined && readU32(message.view, message.start - 4) === except) return
    const event = decodeEvent(message)
    if (event) events.push(event)
  })
  return events
}

function decodeEvent(message: Message): NetworkEvent | undefined {
  switch (message.type) {
    case rtm.RTM_NEWLINK:
    case rtm.RTM_DELLINK:
      // AF_BRIDGE: a port was added to or taken from a bridge, not a device.
      if (message.view.getUint8(message.start) === rtm.AF_BRIDGE) return undefined
      return { kind: 'link', gone: message.type === rtm.RTM_DELLINK, link: decodeLink(message) }
    case rtm.RTM_NEWADDR:
    case rtm.RTM_DELADDR: {
      const address = decodeInterfaceAddress(message)
      return address && { kind: 'address', gone: message.type === rtm.RTM_DELADDR, address }
    }
    case rtm.RTM_NEWROUTE:
    case rtm.RTM_DELROUTE: {
      const route = decodeRoute(message)
      return route && { kind: 'route', gone: message.type === rtm.RTM_DELROUTE, route }
    }
    case rtm.RTM_NEWNEIGH:
    case rtm.RTM_DELNEIGH:
      return decodeNeighbourEvent(message, message.type === rtm.RTM_DELNEIGH)
    case rtm.RTM_NEWRULE:
    case rtm.RTM_DELRULE: {
      const rule = decodeRule(message)
      return rule && { kind: 'rule', gone: message.type === rtm.RTM_DELRULE, rule }
    }
    default:
      return undefined
  }
}

function decodeNeighbourEvent(message: Message, gone: boolean): NetworkEvent | undefined {
  const entry = decodeFdbEntry(message)
  if (entry) return { kind: 'fdb', gone, entry }
  const neighbour = decodeNeighbour(message)
  return neighbour && { kind: 'neighbour', gone, neighbour }
}
