import type { Family } from '@tortie/ip'
import { RefreshSubtype } from '../message/iana.ts'
import { decodeMessage } from '../message/message.ts'
import { formatNlriEntry, type Nlri } from '../message/nlri.ts'
import { endOfRibFamily, type UpdateMessage } from '../message/update.ts'
import type { Session } from '../session/negotiate.ts'
import { wireText } from './rib-model.ts'

/** The far side of a session: reads messages and keeps what they leave it with, as any router would. */
export class RibReceiver {
  /** Families whose End-of-RIB came. */
  readonly complete = new Set<Family>()
  readonly #session: Session
  readonly #tables: Readonly<Record<Family, Map<string, { readonly prefix: string; readonly text: string }>>> = {
    4: new Map(),
    6: new Map(),
  }
  /** Entries not sent again since BoRR. */
  readonly #stale: Partial<Record<Family, Set<string>>> = {}

  constructor(session: Session) {
    this.#session = session
  }

  get size(): number {
    return this.#tables[4].size + this.#tables[6].size
  }

  /** Texts of attributes by prefix, sorted. */
  table(family: Family): Map<string, string[]> {
    const byPrefix = new Map<string, string[]>()
    for (const { prefix, text } of this.#tables[family].values())
      byPrefix.set(prefix, [...(byPrefix.get(prefix) ?? []), text].sort())
    return byPrefix
  }

  /** @throws Error for what a router would not take */
  take(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      const size = ((bytes[at + 16] ?? 0) << 8) | (bytes[at + 17] ?? 0)
      const decoded = decodeMessage(bytes.slice(at, at + size), this.#session.send)
      at += size
      if (decoded.kind === 'update' && decoded.decoded.action === 'accept') this.#update(decoded.decoded.update)
      else if (decoded.kind === 'message' && decoded.message.kind === 'ROUTE-REFRESH')
        this.#refresh(decoded.message.afi === 1 ? 4 : 6, decoded.message.subtype)
      else throw new Error(`not expected: ${JSON.stringify(decoded)}`)
    }
  }

  #update(update: UpdateMessage): void {
    const family = endOfRibFamily(update)
    if (family !== undefined) {
      if (this.complete.has(family)) throw new Error('End-of-RIB is there twice')
      this.complete.add(family)
      return
    }
    const { withdrawn, mpUnreach, nlri, mpReach, attributes } = update
    this.#withdraw(withdrawn)
    if (mpUnreach) this.#withdraw(mpUnreach)
    this.#announce(nlri, wireText(attributes, attributes.nextHop ?? '', this.#session))
    if (mpReach) this.#announce(mpReach.nlri, wireText(attributes, mpReach.nextHop, this.#session))
  }

  #announce(nlri: Nlri, text: string): void {
    for (let i = 0; i < nlri.count; i++) {
      const prefix = formatNlriEntry(nlri, i)
      const key = `${prefix} ${nlri.pathIds?.[i] ?? 0}`
      this.#stale[nlri.family]?.delete(key)
      this.#tables[nlri.family].set(key, { prefix, text })
    }
  }

  #withdraw(nlri: Nlri): void {
    for (let i = 0; i < nlri.count; i++) {
      const had = this.#tables[nlri.family].delete(`${formatNlriEntry(nlri, i)} ${nlri.pathIds?.[i] ?? 0}`)
      if (!had) throw new Error(`${formatNlriEntry(nlri, i)} was never announced`)
    }
  }

  #refresh(family: Family, subtype: number): void {
    const stale = this.#stale[family]
    if (subtype === RefreshSubtype.begin) {
      if (!this.complete.has(family)) throw new Error('BoRR before End-of-RIB')
      this.#stale[family] = new Set(this.#tables[family].keys())
    } else if (stale) {
      for (const key of stale) this.#tables[family].delete(key)
      delete this.#stale[family]
    } else throw new Error('EoRR without BoRR')
  }
}
