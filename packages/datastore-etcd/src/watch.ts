import { DatastoreError, type KeyRange, type RawBatch, type RawEvent } from '@tortie/datastore'
import type { Call } from '@tortie/runtime'
import { type EtcdClient, methods, type WatchAnswer } from './client.ts'
import { RpcError, status } from './grpc/rpc-error.ts'
import { type event, eventType } from './protobuf/etcd.ts'

type Told = ReturnType<typeof event.decode>

/**
 * Changes after revision `after`. A batch says how far it goes by its own last event, never by the store's revision when
 * it was sent: what lies between may be on the way. Whoever resumes after a batch so misses nothing.
 */
export async function* watchChanges(
  client: EtcdClient,
  range: KeyRange,
  after: string,
  call: Call,
): AsyncGenerator<RawBatch, never> {
  const answers = client.watch(
    {
      key: range.from,
      rangeEnd: range.to,
      startRevision: String(BigInt(after) + 1n),
      progressNotify: true,
      fragment: true,
    },
    call,
  )
  let held: readonly RawEvent[] = []
  for await (const answer of answers) {
    if (answer.canceled) throw canceled(client, answer, after, call)
    if (answer.created) {
      await checkHistory(client, answer, after, call)
      yield { events: [], revision: after }
      continue
    }
    const events = [...held, ...answer.events.map(readEvent)]
    const ready = answer.fragment ? completeRevisions(events) : events
    held = events.slice(ready.length)
    const revision = ready.at(-1)?.revision ?? (events.length === 0 ? answer.header?.revision : undefined)
    if (revision !== undefined) yield { events: ready, revision }
  }
  throw new DatastoreError('Unavailable', { store: client.name, why: 'the watch ended' })
}

function readEvent({ type, kv }: Told): RawEvent {
  const { key, value, modRevision: revision } = kv ?? { key: '', value: '', modRevision: '0' }
  if (type === eventType.delete) return { type: 'delete', key: key.toString(), revision }
  return { type: 'put', key: key.toString(), value, revision }
}

/** A transaction has several events of one revision, and a fragment may end between them. */
function completeRevisions(events: readonly RawEvent[]): readonly RawEvent[] {
  const last = events.at(-1)?.revision
  return events.slice(
    0,
    events.findIndex(({ revision }) => revision === last),
  )
}

/** A store that was restored from a backup is behind what we know: its history is another one. */
async function checkHistory(client: EtcdClient, { header }: WatchAnswer, after: string, call: Call): Promise<void> {
  if (BigInt(header?.revision ?? 0) >= BigInt(after)) return
  // A member may lag behind; the leader does not.
  const { header: now } = await client.invoke(methods.range, { key: '\0', countOnly: true }, call)
  if (BigInt(now?.revision ?? 0) < BigInt(after)) throw compacted(client, after)
}

function canceled(
  client: EtcdClient,
  { compactRevision, cancelReason }: WatchAnswer,
  after: string,
  call: Call,
): unknown {
  if (compactRevision !== '0') return compacted(client, after)
  const denied = /permission denied/.test(cancelReason)
  const why = `the watch was canceled: ${cancelReason || 'no reason given'}`
  return client.explain(new RpcError(denied ? status.permissionDenied : status.unavailable, why, true), call)
}

function compacted(client: EtcdClient, after: string): DatastoreError {
  return new DatastoreError('Compacted', { store: client.name, after })
}
