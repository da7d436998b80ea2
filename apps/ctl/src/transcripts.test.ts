import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { sow } from './testing/seeds.ts'
import { parseTranscript, replay } from './testing/transcript.ts'

const folder = join(import.meta.dirname, 'testing', 'transcripts')
/** Writes down what is answered now instead of comparing: to be read before it is believed. */
const rewrite = process.env.TORTIE_REWRITE_TRANSCRIPTS === '1'

describe('what tortiectl answers, word for word (spec 06)', () => {
  const files = globSync('*.txt', { cwd: folder }).sort()

  it.each(files)('%s', async (file) => {
    const path = join(folder, basename(file))
    const text = readFileSync(path, 'utf8')
    const answered = await replay(parseTranscript(text), (store) => sow(file, store))
    if (rewrite) writeFileSync(path, answered)
    else expect(answered).toBe(text)
  })

  it('is what spec 06 states, section by section', () => {
    const parts = files.flatMap((file) => readFileSync(join(folder, file), 'utf8').split(/^(?=== )/m))
    const stated = parts.filter((part) => part.startsWith('== spec 06 §'))
    const commands = stated.flatMap((part) => part.match(/^\$ /gm) ?? [])
    expect(commands.length).toBeGreaterThanOrEqual(300)
    const sections = new Set(stated.flatMap((part) => part.split('\n', 1)[0]?.match(/(?<=§)[\d.]+/g) ?? []))
    for (const section of ['1', '2', '3', '4', '5', '6', '7', '8', '9', '10', '11.1', '11.2', '11.3', '11.4', '11.5'])
      expect(sections).toContain(section)
  })
})
