import {
  attributeType,
  forEachMessage,
  type Message,
  NFNL_SUBSYS_NFTABLES,
  NLM_F_APPEND,
  NLM_F_EXCL,
  NLM_F_REPLACE,
  nextAttribute,
  nfgenmsgSize,
  readString,
} from '@tortie/netlink'
import { code } from '../element/code.ts'
import { forEachElement, readElement } from '../element/read.ts'
import { NftablesError } from '../errors.ts'
import { readChain } from '../object/chain.ts'
import { type Family, familyOf } from '../object/family.ts'
import { readFlowtable } from '../object/flowtable.ts'
import type { Element, Rule } from '../object/object.ts'
import { readRule } from '../object/rule.ts'
import { readSet } from '../object/set.ts'
import { readTable, tableRef } from '../object/table.ts'
import { valueEnd } from '../wire/attribute.ts'
import { message as types } from '../wire/message.ts'
import { getU8, getU32 } from '../wire/number.ts'
import type { Verb } from './operation.ts'

/** An operation as it is on the wire: a name alone where it only names, and a list of elements for each message. */
export interface DecodedOperation {
  readonly verb: Verb
  readonly object: object
}

interface DecodedElements {
  readonly kind: 'elements'
  readonly set: {
    readonly kind: 'set'
    readonly table: ReturnType<typeof tableRef>
    readonly name: string
    readonly id?: number
  }
  readonly elements: readonly Element[]
}

type Read = (view: DataView, start: number, end: number, family: Family) => object

const readers = new Map<number, Read>([
  [types.NEWTABLE, readTable],
  [types.DELTABLE, readTable],
  [types.DESTROYTABLE, readTable],
  [types.NEWCHAIN, readChain],
  [types.DELCHAIN, readChain],
  [types.DESTROYCHAIN, readChain],
  [types.NEWSET, readSet],
  [types.DELSET, readSet],
  [types.DESTROYSET, readSet],
  [types.NEWRULE, readRule],
  [types.DELRULE, readRule],
  [types.DESTROYRULE, readRule],
  [types.NEWSETELEM, readList],
  [types.DELSETELEM, readList],
  [types.DESTROYSETELEM, readList],
  [types.NEWFLOWTABLE, readFlowtable],
  [types.DELFLOWTABLE, readFlowtable],
  [types.DESTROYFLOWTABLE, readFlowtable],
])

const news: ReadonlySet<number> = new Set([
  types.NEWTABLE,
  types.NEWCHAIN,
  types.NEWSET,
  types.NEWRULE,
  types.NEWSETELEM,
  types.NEWFLOWTABLE,
])
const firstDestroy = types.DESTROYTABLE

/**
 * The operations of an encoded transaction, or of what the kernel announces: the inverse of `encodeTransaction`.
 * @throws NftablesError `malformed`
 */
export function decodeTransaction(datagram: Uint8Array): DecodedOperation[] {
  const operations: DecodedOperation[] = []
  forEachMessage(datagram, (message) => {
    if (message.type >> 8 === NFNL_SUBSYS_NFTABLES) operations.push(decodeOperation(message))
  })
  return operations
}

function decodeOperation({ view, type, flags, start, end }: Message): DecodedOperation {
  const kind = type & 0xff
  const family = familyOf(getU8(view, start, end))
  const read = readers.get(kind)
  if (read === undefined || family === undefined)
    throw new NftablesError('nftables/malformed', { what: `message ${kind} of family ${getU8(view, start, end)}` })
  const object = read(view, start + nfgenmsgSize, end, family)
  if (!news.has(kind)) {
    const flushed = kind === types.DELRULE || kind === types.DELSETELEM ? flushTarget(object) : undefined
    if (flushed) return { verb: 'flush', object: flushed }
    return { verb: kind >= firstDestroy ? 'destroy' : 'delete', object }
  }
  if (kind === types.NEWRULE) return { verb: ruleVerb(flags), object }
  return { verb: (flags & NLM_F_EXCL) !== 0 ? 'create' : 'add', object }
}

function ruleVerb(flags: number): Verb {
  if ((flags & NLM_F_REPLACE) !== 0) return 'replace'
  return (flags & NLM_F_APPEND) !== 0 ? 'add' : 'insert'
}

/** Removal of rules without a handle is of all in the chain or table; of elements without a list, of all in the set. */
function flushTarget(object: object): object | undefined {
  const { kind } = object as Rule | DecodedElements
  if (kind === 'rule') {
    const { chain, handle } = object as Rule
    if (handle !== undefined) return undefined
    return chain.name === '' ? chain.table : chain
  }
  const { set, elements } = object as DecodedElements
  return elements.length === 0 ? set : undefined
}

function readList(view: DataView, start: number, end: number, family: Family): DecodedElements {
  let table = ''
  let name = ''
  let id: number | undefined
  for (let at = start; at < end; at = nextAttribute(view, at, end)) {
    const type = attributeType(view, at)
    if (type === code.LIST_TABLE) table = readString(view, at + 4, valueEnd(view, at, end))
    else if (type === code.LIST_SET) name = readString(view, at + 4, valueEnd(view, at, end))
    else if (type === code.LIST_SET_ID) id = getU32(view, at + 4, valueEnd(view, at, end))
  }
  const elements: Element[] = []
  forEachElement(view, start, end, (from, to) => elements.push(readElement(view, from, to)))
  return {
    kind: 'elements',
    set: { kind: 'set', table: tableRef(family, table), name, ...(id !== undefined && { id }) },
    elements,
  }
}
