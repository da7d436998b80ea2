import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type AnyResource, formatJson, kinds } from '@tortie/model'
import { anyResource } from '@tortie/model/testing'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { isShown } from './output/columns.ts'
import { type Printed, run } from './testing/transcript.ts'

/** Only what a cluster has of its own accord is referred to: the tier `default`, and no BGPFilter. */
function inNewCluster(resource: AnyResource): AnyResource {
  const { filters: _, ...spec } = resource.spec as { readonly filters?: unknown; readonly tier?: string }
  return { ...resource, spec: 'tier' in spec ? { ...spec, tier: 'default' } : spec } as AnyResource
}

const anyWritable = anyResource.filter(({ kind }) => isShown(kind) && kind !== 'ClusterInformation').map(inNewCluster)

it('what get exports, replace and apply accept, and change nothing by it', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(anyWritable, fc.constantFrom('yaml', 'json'), async (resource, format) => {
      const store = mkdtempSync(join(tmpdir(), 'tortie-round-'))
      const ctl = async (input: string, ...args: string[]): Promise<Printed> => {
        const printed = await run(args, { environment: { TORTIE_EMBEDDED_PATH: store }, input })
        expect(printed).toMatchObject({ code: 0, stderr: '' })
        return printed
      }
      try {
        const { kind, metadata } = resource
        const within = kinds[kind].namespaced ? ['-n', metadata.namespace ?? ''] : []
        await ctl(formatJson(resource), 'apply', '-f', '-')
        const names = await ctl('', 'get', kind, ...within, '-o', 'custom-columns=NAME')
        const name = names.stdout.split('\n').map((line) => line.trim().split(/\s+/).at(-1) ?? '')[1] ?? ''
        const get = ['get', kind, name, ...within, '-o', format, '--export']
        const { stdout } = await ctl('', ...get)
        for (const verb of ['replace', 'apply']) {
          await ctl(stdout, verb, '-f', '-', ...within)
          expect((await ctl('', ...get)).stdout).toBe(stdout)
        }
      } finally {
        rmSync(store, { recursive: true })
      }
    }),
    { numRuns: 40 },
  )
})
