import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createDatastore, findResource, type RawStore } from '@tortie/datastore'
import { migrate } from '@tortie/datastore/migration'
import { openEmbeddedStore } from '@tortie/datastore-embedded'
import { openEtcdStore } from '@tortie/datastore-etcd'
import { kinds } from '@tortie/model'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type EtcdServer, startEtcd } from '../../packages/datastore-etcd/src/testing/etcd-server.ts'
import { clusterKey, contents, fill, kindsIn, locked, ports, statusKey } from './cluster.ts'

let dir: string
const servers: EtcdServer[] = []
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tortie-migration-'))
  servers.push(await startEtcd(), await startEtcd())
})
afterAll(async () => {
  for (const server of servers) await server[Symbol.asyncDispose]()
  await rm(dir, { recursive: true })
})

const { signal } = new AbortController()
const embedded = (name: string) => openEmbeddedStore({ path: join(dir, name), ...ports }, { signal })
const etcd = (number: number) => openEtcdStore({ endpoints: [servers[number]?.endpoint ?? ''], ...ports }, { signal })

/** What CNI plugins look at before they change anything. */
async function isReady(store: RawStore): Promise<boolean | undefined> {
  const datastore = createDatastore(store, ports)
  const found = await findResource(datastore, { kind: 'ClusterInformation', name: 'default' }, { signal })
  return found?.spec.datastoreReady
}

async function move(source: RawStore, target: RawStore): Promise<void> {
  const ready: Promise<boolean | undefined>[] = []
  const report = await migrate(
    { source, target },
    {
      ...ports,
      drainMs: 0,
      onProgress: ({ phase, done }) => {
        if (phase === 'copy' && done % 20 === 0) ready.push(isReady(source), isReady(target))
      },
    },
    { signal },
  )
  const [from, to] = [await contents(source, signal), await contents(target, signal)]
  expect(to).toEqual(from)
  expect(report).toMatchObject({ entries: Object.keys(from).length, deleted: 0 })
  expect(ready.length).toBeGreaterThan(4)
  expect(new Set(await Promise.all(ready))).toEqual(new Set([false]))
  expect([await isReady(source), await isReady(target)]).toEqual([false, false])
  expect(await target.get(statusKey, { signal })).toBeUndefined()
}

it('every kind, and what is of no kind, goes from embedded to etcd to etcd to embedded without a byte changed', async () => {
  await using first = await embedded('first')
  await fill(first, 20, signal)
  const before = await contents(first, signal)
  expect(kindsIn(Object.keys(before))).toEqual(Object.keys(kinds).sort())
  await using second = await etcd(0)
  await using third = await etcd(1)
  await using fourth = await embedded('fourth')
  await move(first, second)
  await second.put(statusKey, '{"uptime":2}', { ttlSeconds: 60 }, { signal })
  await move(second, third)
  await move(third, fourth)
  expect(await contents(fourth, signal)).toEqual(before)
  const value = (await fourth.get(clusterKey, { signal }))?.value ?? ''
  expect(value).toBe(locked(value))
})
