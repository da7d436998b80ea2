import { errnoName, type NetlinkTransport, readAnswers } from '@tortie/netlink'
import type { Call } from '@tortie/runtime'
import { NftablesError, type RefusedOperation, refusedError } from '../errors.ts'
import { formatOperation } from '../format/head.ts'
import { readHandles } from '../read/echo.ts'
import { type EncodedTransaction, type EncodeOptions, encodeTransaction } from './encode.ts'
import type { Transaction } from './transaction.ts'

export type CommitOptions = Pick<EncodeOptions, 'generation' | 'echo' | 'writer'>

export interface CommitResult {
  /** With `generation`: that of the ruleset now, to be given with the next transaction. */
  readonly generation?: number
  /** With `echo`: the kernel's handles of what was made, by place of the operation. */
  readonly handles: ReadonlyMap<number, bigint>
}

/**
 * Batches up to this size are sent on the calling thread: a thread hop costs 20 to 40 µs, and the kernel takes at most a
 * few milliseconds for what fits (about 2,000 elements or 100 rules).
 */
export const syncLimitBytes = 48 * 1024

const nothing: CommitResult = { handles: new Map() }

/**
 * Applies a transaction, all or nothing. Large ones leave the event loop free while the kernel works.
 * One at a time for each transport; a writer of `options` is not to be touched meanwhile.
 * @param call the signal is heeded before sending; what is sent is not taken back, so after an abort read again
 * @throws NftablesError; every code but `no-answer` means that nothing was applied
 */
export async function commit(
  transport: NetlinkTransport,
  transaction: Transaction,
  options: CommitOptions,
  call: Call,
): Promise<CommitResult> {
  call.signal.throwIfAborted()
  if (transaction.operations.length === 0) return nothing
  const encoded = encodeTransaction(transaction, options)
  if (encoded.bytes.length <= syncLimitBytes)
    return conclude(transaction, encoded, transport.exchangeSync(encoded.bytes), options)
  return conclude(transaction, encoded, await transport.exchange(encoded.bytes, call), options)
}

/** The same on the calling thread whatever the size, for use inside another network namespace. */
export function commitSync(
  transport: NetlinkTransport,
  transaction: Transaction,
  options: CommitOptions = {},
): CommitResult {
  if (transaction.operations.length === 0) return nothing
  const encoded = encodeTransaction(transaction, options)
  return conclude(transaction, encoded, transport.exchangeSync(encoded.bytes), options)
}

/** Lets the kernel look at a transaction without applying it; errors as of `commit`, but those found only at its end. */
export function checkSync(transport: NetlinkTransport, transaction: Transaction): void {
  if (transaction.operations.length === 0) return
  const encoded = encodeTransaction(transaction, { check: true })
  throwRefused(transaction, encoded, readAnswers(transport.exchangeSync(encoded.bytes)).refusals)
}

function conclude(
  transaction: Transaction,
  encoded: EncodedTransaction,
  datagrams: readonly Uint8Array[],
  { generation, echo }: CommitOptions,
): CommitResult {
  const handles = new Map<number, bigint>()
  const answers = readAnswers(datagrams, (message) => {
    if (echo) readHandles(message, (handle) => handles.set(encoded.operationAt(message.seq), handle))
  })
  if (answers.refusals.length > 0) throwRefused(transaction, encoded, answers.refusals, generation)
  if (encoded.lastSeq > encoded.beginSeq && !answers.acknowledged.has(encoded.lastSeq))
    throw new NftablesError('nftables/no-answer', { operations: transaction.operations.length })
  return { handles, ...(generation === undefined ? {} : { generation: (generation + 1) >>> 0 || 1 }) }
}

function throwRefused(
  { operations }: Transaction,
  encoded: EncodedTransaction,
  refusals: readonly { readonly seq: number; readonly errno: number; readonly text?: string }[],
  generation?: number,
): void {
  const all = refusals.map(({ seq, errno, text }): RefusedOperation => {
    const index = encoded.operationAt(seq)
    const operation = operations[index]
    return {
      index,
      operation: operation === undefined ? `commit of ${operations.length} operations` : formatOperation(operation),
      errno,
      errnoName: errnoName(errno),
      ...(text === undefined ? {} : { text }),
    }
  })
  const [first, ...more] = all
  if (first === undefined) return
  if (generation !== undefined && first.index < 0 && first.errnoName === 'ERESTART')
    throw new NftablesError('nftables/stale-generation', { generation })
  throw refusedError(first, more)
}
