import { NLM_F_ACK, NLM_F_APPEND, NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE, NLM_F_REQUEST } from '../wire/header.ts'
import type { MessageWriter } from '../wire/writer.ts'
import { encodeInterfaceAddress, type InterfaceAddress } from './address.ts'
import * as rtm from './constants.ts'
import type { LinkRef, NewLink } from './link.ts'
import { encodeLinkChange, encodeLinkRef, encodeNewLink, formatLinkRef, type LinkChange } from './link.ts'
import { encodeFdbEntry, encodeNeighbour, type FdbEntry, type Neighbour } from './neighbour.ts'
import { encodeRoute, type Route, type RouteMatch } from './route.ts'
import { encodeRule, type RoutingRule } from './rule.ts'

/** How a new object meets one that is there: `add` fails, `replace` takes its place, `append` stands beside it. */
export type AddVerb = 'add' | 'replace' | 'append'

/** One change of the kernel's network configuration, as a value. */
export type Request =
  | { readonly kind: 'link'; readonly verb: 'add'; readonly link: NewLink }
  | { readonly kind: 'link'; readonly verb: 'change'; readonly change: LinkChange }
  /** By `group`: all links of that group at once, which costs a fraction of as many deletes. */
  | { readonly kind: 'link'; readonly verb: 'delete'; readonly link: LinkRef | { readonly group: number } }
  | { readonly kind: 'address'; readonly verb: AddVerb | 'delete'; readonly address: InterfaceAddress }
  | { readonly kind: 'route'; readonly verb: AddVerb; readonly route: Route }
  /** What the match leaves out may be anything; the kernel removes the first that fits. */
  | { readonly kind: 'route'; readonly verb: 'delete'; readonly route: RouteMatch }
  | { readonly kind: 'neighbour'; readonly verb: AddVerb | 'delete'; readonly neighbour: Neighbour }
  | { readonly kind: 'fdb'; readonly verb: AddVerb | 'delete'; readonly entry: FdbEntry }
  | { readonly kind: 'rule'; readonly verb: 'add' | 'delete'; readonly rule: RoutingRule }

const addFlags: Readonly<Record<AddVerb, number>> = {
  add: NLM_F_CREATE | NLM_F_EXCL,
  replace: NLM_F_CREATE | NLM_F_REPLACE,
  append: NLM_F_CREATE | NLM_F_APPEND,
}
const types: Readonly<Record<Request['kind'], readonly [add: number, remove: number]>> = {
  link: [rtm.RTM_NEWLINK, rtm.RTM_DELLINK],
  address: [rtm.RTM_NEWADDR, rtm.RTM_DELADDR],
  route: [rtm.RTM_NEWROUTE, rtm.RTM_DELROUTE],
  neighbour: [rtm.RTM_NEWNEIGH, rtm.RTM_DELNEIGH],
  fdb: [rtm.RTM_NEWNEIGH, rtm.RTM_DELNEIGH],
  rule: [rtm.RTM_NEWRULE, rtm.RTM_DELRULE],
}

/** Writes one whole message. @param ack whether success is answered too; a refusal always is */
export function encodeRequest(writer: MessageWriter, request: Request, seq: number, ack: boolean): void {
  const [add, remove] = types[request.kind]
  const verbFlags = request.verb === 'delete' || request.verb === 'change' ? 0 : addFlags[request.verb]
  const flags = NLM_F_REQUEST | verbFlags | (ack ? NLM_F_ACK : 0)
  writer.begin(request.verb === 'delete' ? remove : add, flags, seq)
  encodeBody(writer, request)
  writer.end()
}

function encodeBody(writer: MessageWriter, request: Request): void {
  if (request.kind === 'route') encodeRoute(writer, request.route, request.verb === 'delete')
  else if (request.kind === 'neighbour') encodeNeighbour(writer, request.neighbour)
  else if (request.kind === 'fdb') encodeFdbEntry(writer, request.entry)
  else if (request.kind === 'address') encodeInterfaceAddress(writer, request.address)
  else if (request.kind === 'rule') encodeRule(writer, request.rule)
  else if (request.verb === 'add') encodeNewLink(writer, request.link)
  else if (request.verb === 'change') encodeLinkChange(writer, request.change)
  else encodeLinkRef(writer, request.link)
}

/** For messages: `add route 10.1.0.0/26 dev #3`. */
export function formatRequest(request: Request): string {
  return `${request.verb} ${request.kind} ${formatObject(request)}`
}

function formatObject(request: Request): string {
  switch (request.kind) {
    case 'route':
      return formatRoute(request.route)
    case 'neighbour':
      return `${request.neighbour.dst} dev #${request.neighbour.ifindex}`
    case 'fdb':
      return `${request.entry.mac} dev #${request.entry.ifindex}`
    case 'address':
      return `${request.address.address} dev #${request.address.ifindex}`
    case 'rule':
      return `priority ${request.rule.priority}`
    case 'link':
      if (request.verb === 'add') return `${request.link.name} kind ${request.link.kind}`
      if (request.verb === 'change') return formatLinkRef(request.change.link)
      return 'group' in request.link ? `group ${request.link.group}` : formatLinkRef(request.link)
  }
}

/** As `ip route` would say it, with ifindexes for names. */
export function formatRoute(route: RouteMatch): string {
  const { type, dst, gateway, oif, table, priority, protocol, onlink } = route
  const words = [type !== undefined && type !== 'unicast' ? type : undefined, dst]
  if (gateway !== undefined) words.push('via', gateway)
  if (oif !== undefined) words.push('dev', `#${oif}`)
  if (table !== undefined && table !== 254) words.push('table', `${table}`)
  if (protocol !== undefined) words.push('proto', `${protocol}`)
  if (priority !== undefined) words.push('metric', `${priority}`)
  if (onlink) words.push('onlink')
  return words.filter((word) => word !== undefined).join(' ')
}
