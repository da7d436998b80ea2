import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createDatastore } from '@tortie/datastore'
import { migrate } from '@tortie/datastore/migration'
import { openEmbeddedStore } from '@tortie/datastore-embedded'
import { openEtcdStore } from '@tortie/datastore-etcd'
import { expect, it } from 'vitest'
import { startEtcd } from '../../packages/datastore-etcd/src/testing/etcd-server.ts'
import { fill, ports } from './cluster.ts'

const plugin = join(import.meta.dirname, '../../apps/cni/src/main.ts')

/** What the plugin says of its network, for which it looks into the store: nothing when all is well. */
async function status(store: object): Promise<string> {
  const config = { cniVersion: '1.1.0', name: 'n', type: 'calico', ipam: { type: 'calico-ipam' }, nodename: 'node-1' }
  const child = spawn(process.execPath, ['--conditions=@tortie/source', plugin], {
    env: { ...process.env, CNI_COMMAND: 'STATUS', CNI_PATH: '/nowhere' },
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  let said = ''
  child.stdout.on('data', (chunk) => {
    said += String(chunk)
  })
  child.stdin.end(JSON.stringify({ ...config, nodename_file_optional: true, ...store }))
  await new Promise((resolve) => child.once('close', resolve))
  return said
}

it('CNI plugins refuse on both stores while one moves into the other, and until the new one is unlocked', async ({
  signal,
}) => {
  const dir = await mkdtemp(join(tmpdir(), 'tortie-migration-'))
  await using server = await startEtcd()
  await using source = await openEmbeddedStore({ path: join(dir, 'store'), ...ports }, { signal })
  await using target = await openEtcdStore({ endpoints: [server.endpoint], ...ports }, { signal })
  const [embedded, etcd] = [
    { datastore_type: 'embedded', embedded_path: join(dir, 'store') },
    { datastore_type: 'etcdv3', etcd_endpoints: server.endpoint },
  ]
  const locked = expect.stringContaining('datastoreReady not true')
  try {
    await fill(source, 5, signal)
    expect(await status(embedded)).toBe('')
    const during: Promise<string>[] = []
    const onProgress = ({ phase, done }: { readonly phase: string; readonly done: number }): void => {
      if (phase === 'copy' && done === 1) during.push(status(embedded), status(etcd))
    }
    await migrate({ source, target }, { ...ports, drainMs: 0, onProgress }, { signal })
    expect(await Promise.all(during)).toEqual([locked, locked])
    const information = createDatastore(target, ports)
    const { spec, ...rest } = await information.get({ kind: 'ClusterInformation', name: 'default' }, { signal })
    await information.update({ ...rest, spec: { ...spec, datastoreReady: true } }, { signal })
    expect([await status(embedded), await status(etcd)]).toEqual([locked, ''])
  } finally {
    await rm(dir, { recursive: true })
  }
})
