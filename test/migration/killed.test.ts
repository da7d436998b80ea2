import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RawStore } from '@tortie/datastore'
import { openEmbeddedStore } from '@tortie/datastore-embedded'
import { openEtcdStore } from '@tortie/datastore-etcd'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type EtcdServer, startEtcd } from '../../packages/datastore-etcd/src/testing/etcd-server.ts'
import { contents, fill, ports } from './cluster.ts'
import { migrateCommand } from './command.ts'

/** More than are copied before the first death, fewer than take long. */
const handles = 2_000
const deaths = 6

let dir: string
let server: EtcdServer
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tortie-migration-'))
  server = await startEtcd()
  await writeConfig('embedded.cfg', { datastoreType: 'embedded', embeddedPath: join(dir, 'store') })
  await writeConfig('etcd.cfg', { datastoreType: 'etcdv3', etcdEndpoints: server.endpoint })
})
afterEach(async () => {
  await server[Symbol.asyncDispose]()
  await rm(dir, { recursive: true })
})

async function writeConfig(name: string, spec: object): Promise<void> {
  const config = { apiVersion: 'projectcalico.org/v3', kind: 'CalicoAPIConfig', metadata: {}, spec }
  await writeFile(join(dir, name), JSON.stringify(config))
}

const openBoth = async (signal: AbortSignal): Promise<readonly [embedded: RawStore, etcd: RawStore]> => [
  await openEmbeddedStore({ path: join(dir, 'store'), ...ports }, { signal }),
  await openEtcdStore({ endpoints: [server.endpoint], ...ports }, { signal }),
]

it.each([
  ['embedded', 'etcd'],
  ['etcd', 'embedded'],
])('tortiectl moves %s to %s although it is killed again and again', { timeout: 300_000 }, async (from, to) => {
  const { signal } = new AbortController()
  const [embedded, etcd] = await openBoth(signal)
  await using _first = embedded
  await using _second = etcd
  const [source, target] = from === 'embedded' ? [embedded, etcd] : [etcd, embedded]
  await fill(source, handles, signal)
  const before = await contents(source, signal)
  const configs = [`--from-config=${join(dir, from)}.cfg`, `--to-config=${join(dir, to)}.cfg`, '--drain=0s']

  const foreseen = await migrateCommand(['copy', ...configs, '--dry-run'])
  expect(foreseen.stdout).toBe(
    `Would copy ${Object.keys(before).length} of ${Object.keys(before).length} entries.\nWould lock the source first.\n` +
      'Left out 1 reports of running agents, which write them anew.\nDry run: nothing was written.\n',
  )
  expect(Object.keys(await contents(target, signal))).toEqual([])

  const copied: number[] = []
  for (let death = 0; death < deaths; death++) {
    const { code, stderr } = await migrateCommand(['copy', ...configs], death * 40)
    expect([null, 0], stderr).toContain(code)
    copied.push(Object.keys(await contents(target, signal)).length)
    expect(copied).toEqual([...copied].sort((a, b) => a - b))
  }
  expect(copied[0]).toBeLessThan(Object.keys(before).length)

  const { code, stdout, stderr } = await migrateCommand(['copy', ...configs])
  expect([code, stderr]).toEqual([0, expect.not.stringContaining('rror')])
  expect(stdout).toMatch(
    /^Successfully copied \d+ of \d+ entries; both datastores were read again and hold the same\.\n/,
  )
  expect(await contents(target, signal)).toEqual(before)
  expect(await contents(source, signal)).toEqual(before)

  const unlocked = await migrateCommand(['unlock', `--config=${join(dir, to)}.cfg`])
  expect(unlocked).toMatchObject({ code: 0, stdout: 'Datastore unlocked.\n' })
  expect(await contents(target, signal)).toEqual(before)
  await source.compareAndSwap('/calico/ipam/v2/handle/h1', 'present', undefined, { signal })
  const refused = await migrateCommand(['copy', ...configs])
  expect([refused.code, refused.stderr]).toEqual([
    1,
    expect.stringContaining('1 entries that are not as in the source'),
  ])
})
