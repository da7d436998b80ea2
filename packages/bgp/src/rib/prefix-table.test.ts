import fc from 'fast-check'
import { expect, it } from 'vitest'
import { formatNlriEntry, nlriOf } from '../message/nlri.ts'
import { PrefixTable } from './prefix-table.ts'

/** Prefixes in runs and clusters, so that slots collide. */
function prefixOf(family: 4 | 6, n: number): string {
  if (family === 4) return `10.${n >> 6}.${(n & 63) * 4}.0/${22 + (n % 3 === 0 ? 0 : 2)}`
  return n % 2 === 0 ? `fd00:${(n * 257).toString(16)}::/32` : `fd00::${n.toString(16)}/128`
}

for (const family of [4, 6] as const)
  it(`finds what was added and not removed, as a map would, IPv${family}`, () => {
    const steps = fc.array(fc.tuple(fc.constantFrom('add', 'add', 'remove'), fc.nat(250)), {
      size: 'max',
      maxLength: 3000,
    })
    fc.assert(
      fc.property(steps, fc.nat(), (all, seed) => {
        const table = new PrefixTable(family, seed)
        const model = new Map<string, number>()
        const used = new Set<number>()
        for (const [step, n] of all) {
          const text = prefixOf(family, n)
          const nlri = nlriOf(family, [text])
          const [words, length] = [nlri.words, nlri.lengths[0] ?? 0]
          const known = model.get(text) ?? 0
          if (table.find(words, 0, length) !== known) throw new Error(`${text} is not ${known}`)
          if (step === 'add') {
            const id = table.add(words, 0, length)
            if (known === 0 ? used.has(id) : id !== known) throw new Error(`${text} got ${id}, not ${known}`)
            used.add(id)
            model.set(text, id)
          } else if (known !== 0) {
            table.remove(known)
            used.delete(known)
            model.delete(text)
          }
        }
        expect(table.size).toBe(model.size)
        for (const [text, id] of model) expect(table.format(id)).toBe(formatNlriEntry(nlriOf(family, [text]), 0))
      }),
      { numRuns: 15 },
    )
  })

it('grows', () => {
  const table = new PrefixTable(4, 0)
  const words = new Uint32Array(1)
  const idOf = (n: number): number => {
    words[0] = n * 256
    return table.add(words, 0, 24)
  }
  const ids = Array.from({ length: 20_000 }, (_, n) => idOf(n))
  expect(new Set(ids).size).toBe(20_000)
  expect(Array.from({ length: 20_000 }, (_, n) => idOf(n))).toEqual(ids)
})
