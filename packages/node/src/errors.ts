import { type ErrorKind, errorKind, TortieError } from '@tortie/runtime'

const kinds = {
  'node/bad-config': errorKind(
    false,
    (f: { readonly source: string; readonly name: string; readonly value: string; readonly why: string }) =>
      `${f.source}: ${f.name} = ${JSON.stringify(f.value)} is not valid: ${f.why}`,
  ),
  // A host that starts gets its addresses a moment later.
  'node/no-address': errorKind(
    true,
    (f: { readonly node: string }) =>
      `no IPv4 or IPv6 address is configured or detected for node ${f.node}: set IP or IP6 to its address, or ` +
      'IP_AUTODETECTION_METHOD to interface=REGEX or cidr=CIDR',
  ),
  'node/no-such-peer': errorKind(
    false,
    (f: { readonly peer: string; readonly known: string }) => `there is no BGP peer ${f.peer}; known are: ${f.known}`,
  ),
  'node/bgp-starting': errorKind(true, () => 'BGP is starting: ask again when the agent is ready'),
}
export type NodeErrorCode = keyof typeof kinds
type FactsOf<C extends NodeErrorCode> = (typeof kinds)[C] extends ErrorKind<infer F> ? F : never

export class NodeError<C extends NodeErrorCode = NodeErrorCode> extends TortieError<C, FactsOf<C>> {
  constructor(code: C, facts: FactsOf<C>, options?: { readonly cause?: unknown }) {
    super(code, kinds[code] as unknown as ErrorKind<FactsOf<C>>, facts, options)
  }
}
