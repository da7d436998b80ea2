import {
  beginNfnetlink,
  createMessageWriter,
  type MessageWriter,
  NFNL_BATCH_GENID,
  NFNL_MSG_BATCH_BEGIN,
  NFNL_MSG_BATCH_END,
  NFNL_SUBSYS_NFTABLES,
  NLM_F_ACK,
  NLM_F_APPEND,
  NLM_F_CREATE,
  NLM_F_ECHO,
  NLM_F_EXCL,
  NLM_F_REPLACE,
  NLM_F_REQUEST,
  nfnetlinkType,
} from '@tortie/netlink'
import { elementSize, elementsLimit, packedShape, writeElement } from '../element/write.ts'
import { badValue } from '../errors.ts'
import { writeChain } from '../object/chain.ts'
import { families } from '../object/family.ts'
import { writeFlowtable, writeFlowtableRef } from '../object/flowtable.ts'
import type { Elements, NftObject, NftSet, PackedElements, SetRef, TableRef } from '../object/object.ts'
import { writeRule, writeRuleRef, writeRulesOf } from '../object/rule.ts'
import { writeSet, writeSetRef } from '../object/set.ts'
import { writeTable, writeTableRef } from '../object/table.ts'
import { message } from '../wire/message.ts'
import type { Flushable, Operation, Verb } from './operation.ts'
import type { Transaction } from './transaction.ts'

export interface EncodeOptions {
  /** Refused when the ruleset is not of this generation any more. See `readGeneration`. */
  readonly generation?: number
  /** The kernel answers with what it made, handles included. */
  readonly echo?: boolean
  /** Buffer to use again. */
  readonly writer?: MessageWriter
  /** Without the end of the batch, so that the kernel checks it and applies nothing. */
  readonly check?: boolean
}

/** A transaction as one datagram. */
export interface EncodedTransaction {
  /** Valid until the writer is used again. */
  readonly bytes: Uint8Array
  /** nlmsg_seq of the batch's begin, and of the last message of the last operation, which is acknowledged. */
  readonly beginSeq: number
  readonly lastSeq: number
  /** Place of the operation of a message; -1 for begin and end. */
  operationAt(seq: number): number
}

const beginSeq = 1
const verbFlags: Readonly<Record<Verb, number>> = {
  add: NLM_F_CREATE,
  create: NLM_F_CREATE | NLM_F_EXCL,
  insert: NLM_F_CREATE,
  replace: NLM_F_REPLACE,
  delete: 0,
  destroy: 0,
  flush: 0,
}

/** Pure. @throws NftablesError `nftables/bad-value` for values that have no encoding */
export function encodeTransaction(transaction: Transaction, options: EncodeOptions = {}): EncodedTransaction {
  const writer = (options.writer ?? createMessageWriter(estimate(transaction))).reset()
  const encoder = new Encoder(writer, options.echo === true)
  writeBegin(writer, options.generation)
  const firstSeqs = transaction.operations.map((operation) => {
    const first = encoder.seq + 1
    encoder.operation(operation)
    return first
  })
  const lastSeq = encoder.seq
  if (lastSeq > beginSeq) writer.addFlags(encoder.lastAt, NLM_F_ACK)
  if (!options.check) beginNfnetlink(writer, NFNL_MSG_BATCH_END, NLM_F_REQUEST, lastSeq + 1, batchHeader).end()
  return { bytes: writer.bytes, beginSeq, lastSeq, operationAt: (seq) => lastAtMost(firstSeqs, seq) }
}

const batchHeader = { resource: NFNL_SUBSYS_NFTABLES }

function writeBegin(writer: MessageWriter, generation: number | undefined): void {
  beginNfnetlink(writer, NFNL_MSG_BATCH_BEGIN, NLM_F_REQUEST, beginSeq, batchHeader)
  if (generation !== undefined) writer.attrU32Be(NFNL_BATCH_GENID, generation)
  writer.end()
}

/** Index of the last number that is not over `seq`; -1 for none. */
function lastAtMost(numbers: readonly number[], seq: number): number {
  let low = 0
  let high = numbers.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((numbers[middle] ?? 0) <= seq) low = middle + 1
    else high = middle
  }
  return low - 1
}

/** PERF: a first size near the truth saves the copies of a growing buffer, 10 ms of a load of 10 MB. */
function estimate({ operations }: Transaction): number {
  let bytes = 256
  for (const { object } of operations) {
    if (object.kind === 'rule') bytes += 'expressions' in object ? 64 + 72 * object.expressions.length : 64
    else if (object.kind === 'packed-elements') bytes += 128 + object.count * (object.ends ? 72 : 36)
    else if (object.kind === 'elements') bytes += 128 + object.elements.length * 96
    else bytes += 160
  }
  return bytes
}

class Encoder {
  seq = beginSeq
  /** Where the last message starts. */
  lastAt = 0
  private setId = 0x4000_0000
  private readonly writer: MessageWriter
  private readonly extraFlags: number

  constructor(writer: MessageWriter, echo: boolean) {
    this.writer = writer
    this.extraFlags = NLM_F_REQUEST | (echo ? NLM_F_ECHO : 0)
  }

  operation({ verb, object }: Operation): void {
    if (object.kind === 'elements') this.elements(verb, object)
    else if (object.kind === 'packed-elements') this.packed(verb, object)
    else if (verb === 'flush') this.flush(object as Flushable)
    else if (verb === 'delete' || verb === 'destroy') this.remove(verb, object as NftObject)
    else this.make(verb, object as NftObject)
  }

  private begin(type: number, table: TableRef, flags: number): MessageWriter {
    this.lastAt = this.writer.length
    this.seq += 1
    return beginNfnetlink(this.writer, nfnetlinkType(NFNL_SUBSYS_NFTABLES, type), this.extraFlags | flags, this.seq, {
      family: families[table.family],
    })
  }

  private make(verb: Verb, object: NftObject): void {
    const flags = verbFlags[verb]
    switch (object.kind) {
      case 'table':
        writeTable(this.begin(message.NEWTABLE, object, flags), object)
        break
      case 'chain':
        writeChain(this.begin(message.NEWCHAIN, object.table, flags), object)
        break
      case 'set':
        writeSet(this.begin(message.NEWSET, object.table, flags), object, this.idOf(object))
        break
      case 'flowtable':
        writeFlowtable(this.begin(message.NEWFLOWTABLE, object.table, flags), object)
        break
      case 'rule': {
        const append = verb === 'add' ? NLM_F_APPEND : 0
        writeRule(this.begin(message.NEWRULE, object.chain.table, flags | append), object)
        break
      }
    }
    this.writer.end()
  }

  private remove(verb: 'delete' | 'destroy', object: NftObject): void {
    const destroy = verb === 'destroy'
    switch (object.kind) {
      case 'table':
        writeTableRef(this.begin(destroy ? message.DESTROYTABLE : message.DELTABLE, object, 0), object)
        break
      case 'chain':
        writeChain(this.begin(destroy ? message.DESTROYCHAIN : message.DELCHAIN, object.table, 0), {
          kind: 'chain',
          table: object.table,
          name: object.name,
        })
        break
      case 'set':
        writeSetRef(this.begin(destroy ? message.DESTROYSET : message.DELSET, object.table, 0), object)
        break
      case 'flowtable':
        writeFlowtableRef(
          this.begin(destroy ? message.DESTROYFLOWTABLE : message.DELFLOWTABLE, object.table, 0),
          object,
        )
        break
      case 'rule': {
        const { chain, handle } = object
        if (handle === undefined) throw badValue(`rule of ${chain.name}`, 'it has no handle to be removed by')
        const type = destroy ? message.DESTROYRULE : message.DELRULE
        writeRuleRef(this.begin(type, chain.table, 0), { kind: 'rule', chain, handle })
        break
      }
    }
    this.writer.end()
  }

  private flush(object: Flushable): void {
    if (object.kind === 'set') writeSetRef(this.begin(message.DELSETELEM, object.table, 0), object)
    else if (object.kind === 'table') writeRulesOf(this.begin(message.DELRULE, object, 0), object)
    else writeRulesOf(this.begin(message.DELRULE, object.table, 0), object)
    this.writer.end()
  }

  /** Sets are found by name; only anonymous ones need the id that the caller knows them by. */
  private idOf(set: NftSet): number {
    if (set.id !== undefined) return set.id
    this.setId += 1
    return this.setId
  }

  private elements(verb: Verb, { set, elements }: Elements): void {
    let room = 0
    for (const element of elements) {
      const size = elementSize(element)
      if (size > room) {
        if (room > 0) this.endList()
        this.beginList(verb, set)
        room = elementsLimit
      }
      writeElement(this.writer, element)
      room -= size
    }
    if (room > 0) this.endList()
  }

  private packed(verb: Verb, packed: PackedElements): void {
    const shape = packedShape(packed)
    for (let from = 0; from < packed.count; from += shape.perList) {
      this.beginList(verb, packed.set)
      shape.write(this.writer, from, Math.min(packed.count, from + shape.perList))
      this.endList()
    }
  }

  private beginList(verb: Verb, set: SetRef): void {
    const [type, flags] =
      verb === 'delete'
        ? [message.DELSETELEM, 0]
        : verb === 'destroy'
          ? [message.DESTROYSETELEM, 0]
          : [message.NEWSETELEM, verbFlags[verb]]
    writeSetRef(this.begin(type, set.table, flags), set)
    if (set.id !== undefined) this.writer.attrU32Be(4, set.id)
    this.writer.beginNested(3)
  }

  private endList(): void {
    this.writer.endNested().end()
  }
}
