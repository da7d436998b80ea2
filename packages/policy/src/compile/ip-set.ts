import type { IpSet, IpSetId } from '@tortie/dataplane'
import { formatSelector, type Selector, uniqueId } from '@tortie/model'

/** What an IP set is made of (spec 02 §3.3). */
export type IpSetDefinition =
  | { readonly kind: 'selector'; readonly selector: Selector }
  /** `protocol` undefined: of any. */
  | { readonly kind: 'named-port'; readonly selector: Selector; readonly protocol?: number; readonly port: string }
  | { readonly kind: 'service'; readonly service: string; readonly withPorts: boolean }

export function ipSetType(definition: IpSetDefinition): IpSet['type'] {
  if (definition.kind === 'service') return definition.withPorts ? 'ip-port' : 'net'
  return definition.kind === 'selector' ? 'net' : 'ip-port'
}

/** As Calico names them in ids; every other protocol counts as TCP there. */
const protocolNames: Readonly<Record<number, string>> = { 17: 'udp', 132: 'sctp' }

/** PERF: SHA-224 takes longer than all else in a rule, so ids are remembered by what they are the hash of. */
export class IpSetIds {
  readonly #ids = new Map<string, IpSetId>()

  of(definition: IpSetDefinition): IpSetId {
    if (definition.kind === 'service') return this.#id(definition.withPorts ? 'svc' : 'svcnoport', definition.service)
    const selectorId = this.#id('s', formatSelector(definition.selector))
    if (definition.kind === 'selector') return selectorId
    const { protocol, port } = definition
    const name = protocol === undefined ? 'any' : (protocolNames[protocol] ?? 'tcp')
    return this.#id('n', `${selectorId},${name},${port}`)
  }

  #id(prefix: string, content: string): IpSetId {
    const key = `${prefix}:${content}`
    const known = this.#ids.get(key)
    if (known !== undefined) return known
    if (this.#ids.size >= mostRemembered) this.#ids.clear()
    const id = uniqueId(prefix, content)
    this.#ids.set(key, id)
    return id
  }
}

/** A bound on memory, above what one node has in use. */
const mostRemembered = 50_000
