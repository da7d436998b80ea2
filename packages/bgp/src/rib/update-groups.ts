import type { Treatment } from './export.ts'
import { Member } from './member.ts'
import type { RouteTable } from './route-table.ts'
import type { PeerSource } from './source.ts'
import { UpdateGroup } from './update-group.ts'

/** The update groups of one family: who is in which, and how one gets from one to another without a session reset. */
export class UpdateGroups {
  readonly #table: RouteTable
  readonly #byKey = new Map<string, UpdateGroup>()
  readonly #of = new Map<PeerSource, UpdateGroup>()
  /** Where a peer goes when the table of that group is made. */
  readonly #goingTo = new Map<PeerSource, UpdateGroup>()

  constructor(table: RouteTable) {
    this.#table = table
  }

  /** The group that serves the peer now. */
  of(peer: PeerSource): UpdateGroup | undefined {
    return this.#of.get(peer)
  }

  /** The session is up and carries the family: the first transfer begins. */
  join(peer: PeerSource): void {
    const group = this.#groupFor(peer)
    const member = new Member(peer.index)
    member.startFeed('initial', false)
    peer.members[this.#table.family] = member
    group.out.members.push(member)
    this.#of.set(peer, group)
  }

  leave(peer: PeerSource): void {
    const group = this.#of.get(peer)
    const target = this.#goingTo.get(peer)
    const member = peer.members[this.#table.family]
    delete peer.members[this.#table.family]
    this.#of.delete(peer)
    this.#goingTo.delete(peer)
    target?.joining.delete(peer)
    if (group && member) group.out.members.splice(group.out.members.indexOf(member), 1)
    for (const one of [group, target]) if (one) this.#dropUnused(one)
  }

  /** The peer's parameters changed. It is served as before until the table of its new group is made. */
  change(peer: PeerSource): void {
    const member = peer.members[this.#table.family]
    if (!member) return
    const before = this.#goingTo.get(peer)
    this.#goingTo.delete(peer)
    before?.joining.delete(peer)
    const target = this.#groupFor(peer)
    if (target !== this.#of.get(peer)) {
      target.joining.set(peer, member)
      this.#goingTo.set(peer, target)
      if (target.built) this.#arrive(target)
    }
    if (before) this.#dropUnused(before)
  }

  /** The peer asked for the table again. */
  refresh(peer: PeerSource, framed: boolean): void {
    const member = peer.members[this.#table.family]
    if (!member) return
    if (member.feed) member.refreshAgain = true
    else member.startFeed('refresh', framed)
  }

  get building(): boolean {
    return this.#table.groups.some(({ built }) => !built)
  }

  /** Makes tables of new groups, looking at no more than `limit` slots. @returns at how many */
  build(limit: number): number {
    let looked = 0
    for (const group of [...this.#table.groups]) {
      const dropped = this.#byKey.get(group.key) !== group
      if (dropped || group.built || looked >= limit) continue
      looked += group.build(limit - looked)
      if (group.built) this.#arrive(group)
    }
    return looked
  }

  forgetStages(): void {
    for (const group of this.#table.groups) group.forgetStages()
  }

  forgetSource(source: number): void {
    for (const group of this.#table.groups) group.forgetSource(source)
  }

  #groupFor(peer: PeerSource): UpdateGroup {
    const treatment = treatmentOf(peer, this.#table)
    const key = keyOf(treatment)
    const known = this.#byKey.get(key)
    if (known) return known
    const group = new UpdateGroup(key, treatment, this.#table)
    this.#byKey.set(key, group)
    this.#table.groups.push(group)
    return group
  }

  #arrive(target: UpdateGroup): void {
    for (const [peer, member] of target.joining) {
      const from = this.#of.get(peer) as UpdateGroup
      transfer(member, from, target)
      from.out.members.splice(from.out.members.indexOf(member), 1)
      target.out.members.push(member)
      this.#of.set(peer, target)
      this.#goingTo.delete(peer)
      this.#dropUnused(from)
    }
    target.joining.clear()
  }

  #dropUnused(group: UpdateGroup): void {
    if (group.out.members.length > 0 || group.joining.size > 0) return
    if (this.#byKey.get(group.key) !== group) return
    this.#byKey.delete(group.key)
    this.#table.groups.splice(this.#table.groups.indexOf(group), 1)
    group.clear()
  }
}

/**
 * Lets the peer go on in `to`: it is owed what differs from what it had or was about to have. PERF: one look at each
 * slot; only differences are written.
 */
function transfer(member: Member, from: UpdateGroup, to: UpdateGroup): void {
  const [before, after] = [from.out, to.out]
  const slots = Math.max(before.attributes.length, after.attributes.length)
  for (let slot = 1; slot < slots; slot++) {
    const pending = (before.position[slot] ?? 0) > member.cursor
    if (pending || before.wanted(slot, member) !== after.wanted(slot, member)) member.owe(slot)
  }
  // What it has must not be given to another prefix before it is withdrawn.
  for (const slot of member.sentSlots()) if ((after.position[slot] ?? 0) === 0) after.append(slot)
  member.cursor = after.length
  after.consume(member.cursor)
}

function treatmentOf(peer: PeerSource, { family }: RouteTable): Treatment {
  const { config, session, external, exportFilter } = peer
  if (!session) throw new TypeError(`${config.key} has no session`)
  return {
    family,
    external,
    localAs: config.localAs,
    localAddress: config.localAddress,
    client: config.client,
    clusterId: peer.clusterId,
    nextHop: config.nextHop,
    role: config.role,
    longLived: session.longLived !== undefined,
    wire: session.send,
    filter: exportFilter,
  }
}

/** Equal for equal treatments. */
function keyOf({ filter, wire, localAddress, ...rest }: Treatment): string {
  const { as4, addPath, extendedMessage, extendedNextHop, peer } = wire
  const options = [as4, addPath[rest.family], extendedMessage, extendedNextHop, peer]
  return JSON.stringify([...Object.values(rest), localAddress[4], localAddress[6], filter.hash, options])
}
