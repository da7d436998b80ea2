import type { Expected, KeyRange, RawBatch, RawEntry, RawListing, RawOutcome, RawStore } from '@tortie/datastore'
import { DatastoreError, isDatastoreError } from '@tortie/datastore'
import type { Call } from '@tortie/runtime'
import { EtcdClient, methods } from './client.ts'
import { EtcdError } from './errors.ts'
import { RpcError } from './grpc/rpc-error.ts'
import type { EtcdOptions } from './options.ts'
import { compareResult, compareTarget, type keyValue } from './protobuf/etcd.ts'
import { watchChanges } from './watch.ts'

export interface EtcdStatus {
  /** Of the server, `3.4.23`. */
  readonly version: string
  /** Decimal. */
  readonly revision: string
  readonly dbSizeBytes: number
  readonly hasLeader: boolean
}

/** A raw store, and what etcd offers besides. */
export interface EtcdStore extends RawStore {
  /**
   * Writes whatever is there; returns the revision.
   * @param options.ttlSeconds whole seconds after which etcd deletes the key unless it is written again
   */
  put(key: string, value: string, options: { readonly ttlSeconds?: number }, call: Call): Promise<string>
  /** Forgets history up to `revision`: watchers that are further behind list again. */
  compact(revision: string, call: Call): Promise<void>
  status(call: Call): Promise<EtcdStatus>
}

/** Entries of one answer of a listing: fewer cost round trips, more only memory (docs/decisions/0002). */
const pageSize = 5_000
/** A page that is larger makes the next one shorter. */
const largePageBytes = 16 << 20
/** How often a listing begins anew because history was compacted while it went on. */
const mostListings = 5

/**
 * Keys and values in etcd 3.4 or newer. Nothing is connected until the first call.
 * @throws EtcdError etcd/bad-options
 */
export function createEtcdStore(options: EtcdOptions): EtcdStore {
  return new ClientStore(new EtcdClient(options))
}

type KeyValue = ReturnType<typeof keyValue.decode>

class ClientStore implements EtcdStore {
  readonly name: string
  readonly #client: EtcdClient

  constructor(client: EtcdClient) {
    this.name = client.name
    this.#client = client
  }

  async get(key: string, call: Call): Promise<RawEntry | undefined> {
    const { kvs } = await this.#client.invoke(methods.range, { key }, call)
    return kvs[0] && entryOf(kvs[0])
  }

  async list(range: KeyRange, call: Call): Promise<RawListing> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#listOnce(range, call)
      } catch (error) {
        if (!isCompacted(error)) throw error
        if (attempt === mostListings)
          throw new DatastoreError('Unavailable', {
            store: this.name,
            why: 'history is compacted faster than a listing can be read; compact less often',
          })
      }
    }
  }

  async compareAndSwap(key: string, expected: Expected, value: string | undefined, call: Call): Promise<RawOutcome> {
    const answer = await this.#client.invoke(
      methods.txn,
      {
        compare: comparisons(key, expected),
        success: [value === undefined ? { deleteRange: { key, prevKv: true } } : { put: { key, value, prevKv: true } }],
        failure: [{ range: { key } }],
      },
      call,
    )
    const [response] = answer.responses
    if (answer.succeeded) {
      const previous = response?.put?.prevKv ?? response?.deleteRange?.prevKvs[0]
      return { done: true, revision: answer.header?.revision ?? '0', ...(previous && { previous: entryOf(previous) }) }
    }
    const current = response?.range?.kvs[0]
    return { done: false, ...(current && { current: entryOf(current) }) }
  }

  watch(range: KeyRange, after: string, call: Call): AsyncIterable<RawBatch> {
    return watchChanges(this.#client, range, after, call)
  }

  async put(key: string, value: string, { ttlSeconds }: { readonly ttlSeconds?: number }, call: Call): Promise<string> {
    const lease = ttlSeconds === undefined ? undefined : await this.#grantLease(ttlSeconds, call)
    const { header } = await this.#client.invoke(methods.put, { key, value, lease }, call)
    return header?.revision ?? '0'
  }

  async compact(revision: string, call: Call): Promise<void> {
    try {
      await this.#client.invoke(methods.compact, { revision }, call)
    } catch (error) {
      if (!isCompacted(error)) throw error
    }
  }

  async status(call: Call): Promise<EtcdStatus> {
    const { version, header, dbSizeBytes, leader } = await this.#client.invoke(methods.status, {}, call)
    return { version, revision: header?.revision ?? '0', dbSizeBytes: Number(dbSizeBytes), hasLeader: leader !== '0' }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#client.close()
  }

  async #grantLease(ttlSeconds: number, call: Call): Promise<string> {
    if (!Number.isInteger(ttlSeconds) || ttlSeconds < 1)
      throw new EtcdError('etcd/bad-options', {
        why: `ttlSeconds is ${ttlSeconds}`,
        cure: 'give whole seconds above 0',
      })
    const { id } = await this.#client.invoke(methods.leaseGrant, { ttlSeconds: String(ttlSeconds) }, call)
    return id
  }

  /** Pages at the revision of the first. */
  async #listOnce({ from, to }: KeyRange, call: Call): Promise<RawListing> {
    const entries: RawEntry[] = []
    let revision: string | undefined
    let limit = pageSize
    let key: string | Buffer = from === '' ? '\0' : from
    for (;;) {
      const page = await this.#client.invoke(methods.range, { key, rangeEnd: to, limit: String(limit), revision }, call)
      revision ??= page.header?.revision ?? '0'
      let bytes = 0
      for (const kv of page.kvs) {
        const entry = entryOf(kv)
        bytes += entry.value.length
        entries.push(entry)
      }
      const last = page.kvs.at(-1)
      if (!page.more || last === undefined) return { entries, revision }
      key = Buffer.concat([last.key, nul])
      if (bytes > largePageBytes) limit = Math.max(1, Math.floor((limit * largePageBytes) / bytes))
    }
  }
}

const nul = Buffer.alloc(1)

function entryOf({ key, value, modRevision }: KeyValue): RawEntry {
  return { key: key.toString(), value, revision: modRevision }
}

type Comparison = NonNullable<Parameters<typeof methods.txn.request.encode>[0]['compare']>[number]

function comparisons(key: string, expected: Expected): readonly Comparison[] {
  const create = { key, target: compareTarget.create, createRevision: '0' }
  if (expected === 'absent') return [{ ...create, result: compareResult.equal }]
  const there = { ...create, result: compareResult.greater }
  if (expected === 'present') return [there]
  // Of a key that is not there etcd says revision 0.
  const { revision } = expected
  return [there, { key, target: compareTarget.mod, result: compareResult.equal, modRevision: revision }]
}

function isCompacted(error: unknown): boolean {
  if (isDatastoreError(error, 'Compacted')) return true
  return error instanceof EtcdError && error.cause instanceof RpcError && /has been compacted/.test(error.cause.message)
}
