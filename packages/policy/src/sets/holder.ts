import type { IpSetDefinition } from '../compile/ip-set.ts'

export interface NamedPort {
  readonly name: string
  /** IANA number. */
  readonly protocol: number
  readonly port: number
}

/** What an endpoint or network set brings into the IP sets that select it. Canonical CIDRs; no /0, but two /1. */
export interface Holder {
  readonly nets: readonly string[]
  readonly ports: readonly NamedPort[]
}

const protocolNames: Readonly<Record<number, string>> = { 6: 'tcp', 17: 'udp', 132: 'sctp', 136: 'udplite' }

/** Members of one IP set that come from `holder` (spec 02 §3.3). */
export function contribution(definition: IpSetDefinition, { nets, ports }: Holder): readonly string[] {
  if (definition.kind === 'selector') return nets
  if (definition.kind === 'service') return []
  const members: string[] = []
  for (const { name, protocol, port } of ports) {
    if (name !== definition.port || protocol !== (definition.protocol ?? protocol)) continue
    for (const net of nets)
      members.push(`${net.slice(0, net.indexOf('/'))},${protocolNames[protocol] ?? protocol}:${port}`)
  }
  return members
}

/** A canonical CIDR as IP sets can hold it: /0 as its two halves. */
export function storable(cidr: string): readonly string[] {
  if (!cidr.endsWith('/0')) return [cidr]
  return cidr.includes(':') ? ['::/1', '8000::/1'] : ['0.0.0.0/1', '128.0.0.0/1']
}

export function sameHolder(a: Holder, b: Holder): boolean {
  return (
    a.nets.length === b.nets.length &&
    a.ports.length === b.ports.length &&
    a.nets.every((net, i) => net === b.nets[i]) &&
    a.ports.every((port, i) => samePort(port, b.ports[i]))
  )
}

function samePort(a: NamedPort, b: NamedPort | undefined): boolean {
  return a.name === b?.name && a.protocol === b.protocol && a.port === b.port
}
