import { findErrors, ModelError } from '@tortie/model'
import { anyResource, mutateText } from '@tortie/model/testing'
import { seededRandom } from '@tortie/runtime/testing'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { CtlError } from '../errors.ts'
import { formatYaml } from '../output/documents.ts'
import { readObjects } from './documents.ts'

/** How many broken files; a million were read when this was written. */
const count = Number(process.env.TORTIE_FUZZ_COUNT ?? 3_000)
/** The number of a case makes it: what a failure names can be run alone. */
const first = Number(process.env.TORTIE_FUZZ_FIRST ?? 0)
/** A hang, not a slow day. */
const longestMs = 20_000

const texts = fc
  .sample(fc.array(anyResource, { minLength: 1, maxLength: 2 }), { numRuns: 500, seed: 1 })
  .map((resources) => resources.map((resource) => formatYaml(resource)).join('---\n'))

/** Reads and validates as `validate -f -` does; whether there was anything to validate. */
async function read(text: string): Promise<boolean> {
  try {
    const options = { recursive: false, skipEmpty: true }
    const objects = await readObjects('-', options, { stdin: async () => text })
    for (const { resource } of objects) findErrors(resource, { unknownFields: 'reject' })
    return objects.length > 0
  } catch (error) {
    if (!(error instanceof CtlError || error instanceof ModelError) || error.message.length < 10) throw error
    return false
  }
}

it('a file that is broken anywhere is refused with an error of ours, or read, soon', {
  timeout: 7_200_000,
}, async () => {
  let slowest = { took: 0, number: -1 }
  let understood = 0
  for (let number = first; number < first + count; number++) {
    const { next } = seededRandom(number)
    const text = texts[Math.floor(next() * texts.length)] ?? ''
    const since = performance.now()
    try {
      if (await read(mutateText(text, next))) understood++
    } catch (cause) {
      throw new Error(`case ${number} (TORTIE_FUZZ_FIRST=${number} TORTIE_FUZZ_COUNT=1)`, { cause })
    }
    const took = performance.now() - since
    if (took > slowest.took) slowest = { took, number }
  }
  expect(understood).toBeGreaterThan(count / 100)
  expect(slowest.took, `case ${slowest.number}`).toBeLessThan(longestMs)
})
