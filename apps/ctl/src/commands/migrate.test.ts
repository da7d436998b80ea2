import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { kinds, type Node } from '@tortie/model'
import { anyResource } from '@tortie/model/testing'
import { silentLog } from '@tortie/runtime'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Connection, connect } from '../connection.ts'
import { sow } from '../testing/seeds.ts'
import { type Printed, run } from '../testing/transcript.ts'
import { defaultConfig } from '../tree/common.ts'
import { formatMigration, parseMigration } from './migration-file.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'tortie-migrate-'))
})
afterEach(() => rmSync(dir, { recursive: true }))

const ctl = (store: string, input: string, ...args: string[]): Promise<Printed> =>
  run(args, { environment: { TORTIE_EMBEDDED_PATH: join(dir, store) }, input })
const exported = async (store: string): Promise<string> =>
  (await ctl(store, '', 'datastore', 'migrate', 'export')).stdout
const imported = (store: string, text: string): Promise<Printed> =>
  ctl(store, text, 'datastore', 'migrate', 'import', '-f', '-')
const open = (store: string, signal: AbortSignal): Promise<Connection> => {
  const environment = { TORTIE_EMBEDDED_PATH: join(dir, store) }
  return connect(defaultConfig, environment, { log: silentLog, access: 'make' }, { signal })
}

it('moves everything, addresses and their sequence numbers too, and goes on after it was cut short', async ({
  signal,
}) => {
  await sow('ipam-used.txt', join(dir, 'old'))
  await ctl('old', '', 'datastore', 'migrate', 'lock')
  const text = await exported('old')
  expect(text).toContain('"sequenceNumber": ')
  expect(await imported('new', text)).toMatchObject({ code: 0, stderr: '' })
  expect(await exported('new')).toBe(text)
  {
    // As after an import that did not get so far.
    await using store = await open('new', signal)
    for (const { name } of [{ name: 'node-1' }, { name: 'node-2' }])
      await store.datastore.delete({ kind: 'Node', name }, {}, { signal })
  }
  expect((await imported('new', text)).stdout).toMatch(/^Successfully imported 2 of \d+ resources\.\nThe others/)
  expect(await exported('new')).toBe(text)
  await ctl('new', '', 'datastore', 'migrate', 'unlock')
  expect((await ctl('new', '', 'ipam', 'show', '--ip', '10.65.0.1')).stdout).toMatch(/in use\nHandle ID: web\n/)
})

it("imports what calicoctl exported: empty kinds as null, revisions left in, IPAM's configuration as one object", async () => {
  const head = { kind: 'ClusterInformation', apiVersion: 'projectcalico.org/v3' }
  const metadata = { name: 'default', uid: 'u', resourceVersion: '3872', creationTimestamp: '2026-01-02T03:04:05Z' }
  const value = { strict_affinity: true, auto_allocate_blocks: true, maxBlocksPerHost: 7 }
  const text = [
    'apiVersion: projectcalico.org/v3',
    'items:',
    '- apiVersion: projectcalico.org/v3',
    '  kind: IPPool',
    '  metadata: {name: p}',
    '  spec: {cidr: 10.0.0.0/24}',
    'kind: IPPoolList',
    'metadata: {resourceVersion: "3872"}',
    '---',
    'null',
    '---',
    '===',
    JSON.stringify({ ...head, metadata, spec: { clusterGUID: 'g', datastoreReady: false } }, undefined, 2),
    '===',
    JSON.stringify({ config: { Key: '/calico/ipam/v2/config', Value: value, TTL: 0 } }, undefined, 2),
    '',
  ].join('\n')
  expect(await imported('new', text)).toMatchObject({ code: 0, stderr: '' })
  expect((await ctl('new', '', 'ipam', 'show', '--show-configuration')).stdout).toMatch(/MaxBlocksPerHost +\| 7/)
  expect(parseMigration(await exported('new'), 'x').resources).toMatchObject(parseMigration(text, 'x').resources)
  expect((await imported('new', text)).stdout).toMatch(/^Successfully imported 0 of 2 resources/)
  expect(await ctl('new', '', 'label', 'ippool', 'p', 'a=b')).toMatchObject({ code: 0, stderr: '' })
})

it('refuses a datastore that holds something else, before it writes', async ({ signal }) => {
  await sow('ipam-used.txt', join(dir, 'old'))
  await ctl('old', '', 'datastore', 'migrate', 'lock')
  const text = await exported('old')
  const foreign: Node = { apiVersion: 'projectcalico.org/v3', kind: 'Node', metadata: { name: 'node-1' }, spec: {} }
  {
    await using store = await open('new', signal)
    await store.datastore.create(foreign, { signal })
  }
  const { code, stderr } = await imported('new', text)
  expect([code, stderr]).toEqual([
    1,
    'the datastore already has 1 resources that are not as in the file (Node(node-1)); import into an empty datastore\n',
  ])
  await using store = await open('new', signal)
  expect((await store.datastore.list({ kind: 'IPPool' }, { signal })).items).toEqual([])
})

it('tells of entries that cannot be read', async ({ signal }) => {
  await sow('ipam-used.txt', join(dir, 'old'))
  {
    await using connection = await open('old', signal)
    const key = '/calico/resources/v3/projectcalico.org/tiers/broken'
    await connection.store.compareAndSwap(key, 'absent', '{', { signal })
  }
  await ctl('old', '', 'datastore', 'migrate', 'lock')
  const { code, stderr } = await ctl('old', '', 'datastore', 'migrate', 'export')
  expect(code).toBe(0)
  expect(stderr).toMatch(/^\[WARNING\] not exported, .*: \/calico\/.*\/tiers\/broken\n$/)
})

it('reads what it writes, of every kind', () => {
  const information = {
    apiVersion: 'projectcalico.org/v3',
    kind: 'ClusterInformation',
    metadata: { name: 'default' },
    spec: {},
  } as const
  const migrated = anyResource.filter(({ kind }) => kind !== 'ClusterInformation' && kinds[kind].hasResourceKey)
  fc.assert(
    fc.property(migrated, (resource) => {
      const migration = { information, resources: [resource] }
      expect(parseMigration(formatMigration(migration), 'f')).toEqual(migration)
    }),
    { numRuns: 200 },
  )
})

describe('copy', () => {
  const config = (name: string): string => {
    const spec = { datastoreType: 'embedded', embeddedPath: join(dir, name) }
    const path = join(dir, `${name}.cfg`)
    writeFileSync(path, JSON.stringify({ apiVersion: 'projectcalico.org/v3', kind: 'CalicoAPIConfig', spec }))
    return path
  }
  const copy = (from: string, to: string, ...args: string[]): Promise<Printed> =>
    ctl('', '', 'datastore', 'migrate', 'copy', '--from-config', config(from), '--to-config', config(to), ...args)

  it('foresees, copies, has nothing left to do, and says what comes next', async () => {
    await sow('ipam-used.txt', join(dir, 'old'))
    const foreseen = await copy('old', 'new', '--dry-run')
    expect(foreseen).toMatchObject({
      code: 0,
      stderr: '',
      stdout: expect.stringMatching(
        /^Would copy (\d+) of \1 entries\.\nWould lock the source first\.\nDry run: nothing was written\.\n$/,
      ),
    })
    expect(existsSync(join(dir, 'new'))).toBe(false)
    const copied = await copy('old', 'new', '--drain', '0s')
    expect(copied).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/^locked the source; .*\nlocked the target\ncopied (\d+) of \1 entries\n$/),
      stdout: expect.stringMatching(
        /^Successfully copied (\d+) of \1 entries; both .*\nBoth datastores are locked\. .* unlock --config .*new\.cfg\n$/,
      ),
    })
    expect((await copy('old', 'new')).stdout).toMatch(
      /^Successfully copied 0 of \d+ entries; .*\nThe others were there/,
    )
    expect(await exported('new')).toBe(await exported('old'))
  })

  it('refuses a store that holds something else, and one that is the same', async () => {
    await sow('ipam-used.txt', join(dir, 'old'))
    await sow('guard.txt', join(dir, 'other'))
    expect(await copy('other', 'old')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/already has \d+ entries that are not as in the source \(.*migrate into an empty/),
    })
    expect(await copy('old', 'old')).toMatchObject({ code: 1, stderr: expect.stringContaining('the same datastore') })
  })

  it.each(['soon', '3'])('takes no drain of %s', async (drain) => {
    expect(await copy('old', 'new', '--drain', drain)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('invalid --drain'),
    })
  })
})
