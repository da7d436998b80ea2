import {
  DataplaneError,
  type IpSet,
  type IpSetDelta,
  type IpSetId,
  parseIpPortMember,
  parseNetMember,
} from '@tortie/dataplane'
import { type Family, formatAddress, isAddress } from '@tortie/ip'
import { elementsOf } from './constant-sets.ts'
import type { SetShape } from './lower.ts'
import { ipSetName, type SetPart } from './names.ts'
import type { SetSpec } from './ruleset.ts'
import type { Wanted } from './wanted.ts'

/** Where one member goes: which kernel set, under which key. */
interface Place {
  readonly part: SetPart
  readonly family: Family
  readonly key: string
}

type Counts = Record<'h4' | 'n4' | 'h6' | 'n6', number>

interface LiveSet {
  readonly type: IpSet['type']
  readonly members: Set<string>
  readonly counts: Counts
}

const families = [4, 6] as const

/** IP sets of the program as kernel sets: host addresses, CIDRs and (address, protocol, port) each in a set of its own. */
export class IpSets {
  readonly #wanted: Wanted
  readonly #sets = new Map<IpSetId, LiveSet>()

  constructor(wanted: Wanted) {
    this.#wanted = wanted
  }

  has(id: IpSetId): boolean {
    return this.#sets.has(id)
  }

  /** A set without members counts as one of hosts, so that the first pod changes no rule. */
  shapeOf = (id: IpSetId, family: Family): SetShape => {
    const counts = this.#sets.get(id)?.counts
    if (!counts || counts[`n${family}`] === 0) return 'hosts'
    return counts[`h${family}`] === 0 ? 'nets' : 'mixed'
  }

  /** @throws DataplaneError `dataplane/bad-delta`, `dataplane/bad-member`; nothing is changed by this */
  check(delta: ReadonlyMap<IpSetId, IpSetDelta>): void {
    for (const [id, change] of delta) {
      if (change.op === 'remove') continue
      const type = change.op === 'create' ? change.type : this.#sets.get(id)?.type
      if (type === undefined)
        throw new DataplaneError('dataplane/bad-delta', { ipSet: id, why: 'it changes and was never created' })
      for (const member of change.op === 'create' ? change.members : change.added) placeOf(type, member)
    }
  }

  /** Returns the sets whose kernel sets are others now, so that rules which name them must be written anew. */
  apply(delta: ReadonlyMap<IpSetId, IpSetDelta>): Set<IpSetId> {
    const reshaped = new Set<IpSetId>()
    for (const [id, change] of delta) {
      const before = this.#signature(id)
      this.#change(id, change)
      if (this.#signature(id) !== before) reshaped.add(id)
    }
    return reshaped
  }

  #change(id: IpSetId, change: IpSetDelta): void {
    const known = this.#sets.get(id)
    if (change.op === 'change') {
      if (known) this.#edit(id, known, change.removed, change.added)
      return
    }
    if (change.op === 'create' && known?.type === change.type) {
      const removed = [...known.members].filter((member) => !change.members.has(member))
      this.#edit(id, known, removed, change.members)
      return
    }
    if (known) {
      for (const { name } of kernelSets(id, known)) this.#wanted.releaseSet(name)
      this.#sets.delete(id)
    }
    if (change.op === 'create') this.#create(id, change.type, change.members)
  }

  /** PERF: all members at once; one by one, 50,000 took three times as long (bench/dataplane.bench.ts). */
  #create(id: IpSetId, type: IpSet['type'], members: ReadonlySet<string>): void {
    const set: LiveSet = { type, members: new Set(members), counts: { h4: 0, n4: 0, h6: 0, n6: 0 } }
    const elements: Record<string, Map<string, null>> = {}
    for (const member of members) {
      const { part, family, key } = placeOf(type, member)
      if (part !== 'p') set.counts[`${part}${family}`]++
      elements[part + family] ??= new Map()
      elements[part + family]?.set(key, null)
    }
    this.#sets.set(id, set)
    for (const spec of kernelSets(id, set))
      this.#wanted.retainSet({ ...spec, elements: elements[spec.name.slice(0, 2)] ?? spec.elements })
  }

  #edit(id: IpSetId, set: LiveSet, removed: Iterable<string>, added: Iterable<string>): void {
    const before = kernelSets(id, set)
    const gone: Place[] = []
    const come: Place[] = []
    for (const member of removed) if (set.members.delete(member)) gone.push(placeOf(set.type, member))
    for (const member of added) {
      if (set.members.has(member)) continue
      set.members.add(member)
      come.push(placeOf(set.type, member))
    }
    for (const { part, family } of gone) if (part !== 'p') set.counts[`${part}${family}`]--
    for (const { part, family } of come) if (part !== 'p') set.counts[`${part}${family}`]++
    const after = kernelSets(id, set)
    const stays = new Set(after.map(({ name }) => name))
    for (const header of after) if (!before.some(({ name }) => name === header.name)) this.#wanted.retainSet(header)
    for (const { part, family, key } of gone) this.#wanted.setElement(ipSetName(part, family, id), key, undefined)
    for (const { part, family, key } of come) this.#wanted.setElement(ipSetName(part, family, id), key, null)
    for (const { name } of before) if (!stays.has(name)) this.#wanted.releaseSet(name)
  }

  #signature(id: IpSetId): string {
    const set = this.#sets.get(id)
    return set
      ? kernelSets(id, set)
          .map(({ name }) => name)
          .join()
      : ''
  }
}

/** The kernel sets that hold the members, without elements. */
function kernelSets(id: IpSetId, { type, counts }: LiveSet): SetSpec[] {
  return families.flatMap((family) => {
    const address = family === 4 ? 'ipv4' : 'ipv6'
    const spec = (part: SetPart): SetSpec => ({
      name: ipSetName(part, family, id),
      fields: part === 'p' ? [address, 'protocol', 'port'] : [address],
      interval: part === 'n',
      verdicts: false,
      elements: elementsOf([]),
    })
    if (type === 'ip-port') return [spec('p')]
    const hosts = counts[`h${family}`] > 0 || counts[`n${family}`] === 0
    return [...(hosts ? [spec('h')] : []), ...(counts[`n${family}`] > 0 ? [spec('n')] : [])]
  })
}

/** PERF: an IPv4 host, nearly every member, is recognised by its ending and not parsed as a prefix. */
function placeOf(type: IpSet['type'], member: string): Place {
  if (type === 'ip-port') {
    const { address, protocol, port } = parseIpPortMember(member)
    return { part: 'p', family: address.family, key: `${formatAddress(address)} ${protocol} ${port}` }
  }
  const host = member.slice(0, -3)
  if (member.endsWith('/32') && !host.includes(':') && isAddress(host)) return { part: 'h', family: 4, key: host }
  const { family, length } = parseNetMember(member)
  if (length < (family === 4 ? 32 : 128)) return { part: 'n', family, key: member }
  return { part: 'h', family, key: member.slice(0, member.lastIndexOf('/')) }
}
