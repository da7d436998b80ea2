import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openEmbeddedStore } from '@tortie/datastore-embedded'
import { expect, it } from 'vitest'
import { startEtcd } from '../../packages/datastore-etcd/src/testing/etcd-server.ts'
import { fill, ports } from './cluster.ts'
import { migrateCommand } from './command.ts'

it('a file of tortiectl carries a cluster from embedded to etcd and back', async ({ signal }) => {
  const dir = await mkdtemp(join(tmpdir(), 'tortie-migration-'))
  await using server = await startEtcd()
  const config = async (name: string, spec: object): Promise<string> => {
    const path = join(dir, `${name}.cfg`)
    await writeFile(path, JSON.stringify({ apiVersion: 'projectcalico.org/v3', kind: 'CalicoAPIConfig', spec }))
    return `--config=${path}`
  }
  const first = await config('first', { datastoreType: 'embedded', embeddedPath: join(dir, 'first') })
  const etcd = await config('etcd', { datastoreType: 'etcdv3', etcdEndpoints: server.endpoint })
  const last = await config('last', { datastoreType: 'embedded', embeddedPath: join(dir, 'last') })
  const exported = async (from: string): Promise<string> => {
    const { code, stdout, stderr } = await migrateCommand(['export', from])
    expect(code, stderr).toBe(0)
    return stdout
  }
  try {
    {
      await using store = await openEmbeddedStore({ path: join(dir, 'first'), ...ports }, { signal })
      await fill(store, 20, signal)
    }
    expect(await migrateCommand(['lock', first])).toMatchObject({ code: 0 })
    const text = await exported(first)
    for (const digits of ['18446744073709551615', '-9223372036854775808', '9007199254740993'])
      expect(text).toContain(digits)
    const file = join(dir, 'cluster.yaml')
    await writeFile(file, text)
    expect(await migrateCommand(['import', etcd, '-f', file, '--dry-run'])).toMatchObject({ code: 0 })
    expect(await migrateCommand(['import', etcd, '-f', file])).toMatchObject({ code: 0 })
    expect(await exported(etcd)).toBe(text)
    await writeFile(file, await exported(etcd))
    expect(await migrateCommand(['import', last, '-f', file])).toMatchObject({ code: 0 })
    expect(await exported(last)).toBe(text)
  } finally {
    await rm(dir, { recursive: true })
  }
})
