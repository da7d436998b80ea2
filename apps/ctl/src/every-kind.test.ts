/** `get -o yaml --export | replace -f -` changes nothing, of any kind, whatever is in its objects. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { formatKey } from '@tortie/datastore'
import { type AnyResource, formatJson, type Kind, kinds, parseJson } from '@tortie/model'
import { anyResource } from '@tortie/model/testing'
import { silentLog } from '@tortie/runtime'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { connect } from './connection.ts'
import { type Printed, run } from './testing/transcript.ts'
import { defaultConfig } from './tree/common.ts'

const call = { signal: AbortSignal.timeout(60_000) }

/** Kinds that calicoctl does not show (spec 06 §4), or lets nobody write (§8). */
const refused: Readonly<Partial<Record<Kind, RegExp>>> = {
  BlockAffinity: /unknown resource type \(BlockAffinity\)/,
  IPAMBlock: /unknown resource type \(IPAMBlock\)/,
  IPAMConfig: /unknown resource type \(IPAMConfig\)/,
  IPAMHandle: /unknown resource type \(IPAMHandle\)/,
  LiveMigration: /unknown resource type \(LiveMigration\)/,
  ClusterInformation: /operation replace is not supported on ClusterInformation: resource is readonly/,
}

const allKinds = Object.keys(kinds) as Kind[]
const writable = allKinds.filter((kind) => refused[kind] === undefined)

/** One that lives in a new cluster, with all that a user may write of it. */
function sampleOf(kind: Kind): AnyResource {
  const [resource] = fc.sample(
    anyResource.filter((one) => one.kind === kind),
    { numRuns: 1, seed: 1 },
  )
  if (!resource) throw new Error(`no sample of ${kind}`)
  const { filters: _, ...spec } = resource.spec as { readonly filters?: unknown; readonly tier?: string }
  const metadata = { ...resource.metadata, labels: { zeta: '1', alpha: 'yes' }, annotations: { note: '# no comment' } }
  return { ...resource, metadata, spec: 'tier' in spec ? { ...spec, tier: 'default' } : spec } as unknown as AnyResource
}

/** What a newer release might have written: fields that we do not know, with integers that no double holds. */
const future = { future: { zeta: [18446744073709551615n, '2026-08-10', 'yes', null], alpha: 9007199254740993n } }

/** As another program writes: past the client. */
async function addUnknownFields(path: string, resource: AnyResource): Promise<void> {
  const { kind } = resource
  await using connection = await connect(
    defaultConfig,
    { TORTIE_EMBEDDED_PATH: path },
    { log: silentLog, access: 'use' },
    call,
  )
  const { items } = await connection.datastore.list({ kind }, call)
  const namespace = resource.metadata.namespace
  const name = items.find(({ metadata }) => metadata.labels?.zeta === '1')?.metadata.name ?? ''
  const key = formatKey({ kind, name, ...(kinds[kind].namespaced && { namespace: namespace ?? 'default' }) })
  const entry = await connection.store.get(key, call)
  const value = parseJson(entry?.value ?? '') as { readonly spec?: object }
  const written = formatJson({ ...value, spec: { ...value.spec, ...future } })
  await connection.store.compareAndSwap(key, 'present', written, call)
}

async function inStore<T>(work: (ctl: Ctl, path: string) => Promise<T>): Promise<T> {
  const path = mkdtempSync(join(tmpdir(), 'tortie-kind-'))
  const ctl: Ctl = (input, ...args) => run(args, { environment: { TORTIE_EMBEDDED_PATH: path }, input })
  try {
    return await work(ctl, path)
  } finally {
    rmSync(path, { recursive: true })
  }
}

type Ctl = (input: string, ...args: string[]) => Promise<Printed>

describe('what get exports and replace takes back', () => {
  it.each(writable)('is the same %s', async (kind) => {
    await inStore(async (ctl, path) => {
      const resource = sampleOf(kind)
      const within = kinds[kind].namespaced ? ['-n', resource.metadata.namespace ?? 'default'] : []
      expect(await ctl(formatJson(resource), 'apply', '-f', '-')).toMatchObject({ code: 0, stderr: '' })
      await addUnknownFields(path, resource)
      const names = (await ctl('', 'get', kind, ...within, '-o', 'jsonpath={.items[*].metadata.name}')).stdout.split(
        ' ',
      )
      const name = names.find((one) => one !== 'projectcalico-default-allow' && !/^(default|kube-\w+)$/.test(one))
      const get = ['get', kind, name ?? 'default', ...within, '-o', 'yaml', '--export']
      const { stdout } = await ctl('', ...get)
      expect(stdout).toContain('18446744073709551615')
      const replaced = await ctl(stdout, 'replace', '-f', '-', ...within)
      expect(replaced).toEqual({ code: 0, stderr: '', stdout: `Successfully replaced 1 '${kind}' resource(s)\n` })
      expect((await ctl('', ...get)).stdout).toBe(stdout)
    })
  })

  it.each(Object.entries(refused))('is refused of %s', async (kind, message) => {
    await inStore(async (ctl) => {
      await ctl(formatJson(sampleOf('Tier')), 'apply', '-f', '-')
      const { code, stderr } = await ctl(formatJson(sampleOf(kind as Kind)), 'replace', '-f', '-')
      expect([code, stderr]).toEqual([1, expect.stringMatching(message)])
    })
  })

  it('has its keys in alphabetical order', async () => {
    await inStore(async (ctl, path) => {
      const policy = sampleOf('GlobalNetworkPolicy')
      await ctl(formatJson(policy), 'apply', '-f', '-')
      await addUnknownFields(path, policy)
      const { stdout } = await ctl('', 'get', 'gnp', policy.metadata.name, '-o', 'yaml', '--export')
      const topLevel = [...stdout.matchAll(/^(\w+):/gm)].map(([, key]) => key)
      expect(topLevel).toEqual(['apiVersion', 'kind', 'metadata', 'spec'])
      expect(stdout).toContain(
        '  future:\n    alpha: 9007199254740993\n    zeta:\n    - 18446744073709551615\n    - "2026-08-10"\n    - "yes"\n    - null\n',
      )
    })
  })

  it('may not have fields that are neither known nor stored', async () => {
    await inStore(async (ctl) => {
      const tier = sampleOf('Tier')
      await ctl(formatJson(tier), 'apply', '-f', '-')
      const misspelt = { ...tier, spec: { ...tier.spec, oder: 7 } }
      for (const verb of ['create', 'apply', 'replace', 'validate', 'diff'])
        expect(await ctl(formatJson(misspelt), verb, '-f', '-')).toMatchObject({
          code: verb === 'diff' ? 2 : 1,
          stdout: '',
          stderr: expect.stringMatching(/^field in document is not recognized or is in the wrong location: oder/),
        })
    })
  })
})
