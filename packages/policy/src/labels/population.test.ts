import { matchesLabels, parseSelector } from '@tortie/model'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { inherit, labelSet, labelValue } from './label-set.ts'
import { Population } from './population.ts'
import type { Selection } from './selector-index.ts'

const selectors = [
  'all()',
  "a == 'x'",
  "a != 'x'",
  "a == 'x' && b == 'y'",
  "a in {'x', 'y'} || b == 'x'",
  'has(a)',
  '!has(a)',
  'has(a) && has(b)',
  'a in {}',
  'has(a) && !has(a)',
  "a contains 'x' && !(b == 'y')",
  "has(p) && p != 'x'",
]

type Step =
  | { kind: 'put'; id: string; labels: Record<string, string>; profiles: string[]; payload: string }
  | { kind: 'remove'; id: string }
  | { kind: 'profile'; profile: string; labels: Record<string, string> }
  | { kind: 'select'; name: string; selector: string }
  | { kind: 'unselect'; name: string }

const someLabels = fc.dictionary(fc.constantFrom('a', 'b', 'p'), fc.constantFrom('x', 'y', 'xy'))
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant('put' as const),
    id: fc.constantFrom('1', '2', '3', '4', '5'),
    labels: someLabels,
    profiles: fc.shuffledSubarray(['p1', 'p2', 'p3']),
    payload: fc.constantFrom('m', 'n'),
  }),
  fc.record({ kind: fc.constant('remove' as const), id: fc.constantFrom('1', '2', '3') }),
  fc.record({ kind: fc.constant('profile' as const), profile: fc.constantFrom('p1', 'p2'), labels: someLabels }),
  fc.record({
    kind: fc.constant('select' as const),
    name: fc.constantFrom('A', 'B', 'C', 'D'),
    selector: fc.constantFrom(...selectors),
  }),
  fc.record({ kind: fc.constant('unselect' as const), name: fc.constantFrom('A', 'B') }),
)

/** What a reader of spec 02 §1.3 would calculate anew after every step. */
class Model {
  readonly members = new Map<string, Extract<Step, { kind: 'put' }>>()
  readonly profiles = new Map<string, Record<string, string>>()
  readonly selectors = new Map<string, string>()

  groups(): number {
    const keys = [...this.members.values()].map(({ labels, profiles }) => [labelSet(labels), profiles])
    return new Set(keys.map((key) => JSON.stringify(key))).size
  }

  selected(): Set<string> {
    const found = new Set<string>()
    for (const [name, selector] of this.selectors)
      for (const { id, labels, profiles, payload } of this.members.values()) {
        const inherited = profiles.map((profile) => this.profiles.get(profile) ?? {}).reverse()
        const effective = Object.assign({}, ...inherited, labels)
        if (matchesLabels(parseSelector(selector), effective)) found.add(`${name} ${id} ${payload}`)
      }
    return found
  }
}

it('knows at any time who is selected by what, and tells every change once', () => {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 60 }), (steps) => {
      const told = new Set<string>()
      const population = new Population<string, string>({
        joined(name, payload, id) {
          expect(told.has(`${name} ${id} ${payload}`)).toBe(false)
          told.add(`${name} ${id} ${payload}`)
        },
        left(name, payload, id) {
          expect(told.delete(`${name} ${id} ${payload}`)).toBe(true)
        },
      })
      const selections = new Map<string, Selection<string, string>>()
      const model = new Model()
      const unselect = (name: string): void => {
        const selection = selections.get(name)
        if (!selection) return
        for (const { id, payload } of population.selected(selection)) told.delete(`${name} ${id} ${payload}`)
        population.unselect(selection)
        selections.delete(name)
        model.selectors.delete(name)
      }
      for (const step of steps) {
        if (step.kind === 'put') {
          population.put(step.id, { ...step, labels: labelSet(step.labels) })
          model.members.set(step.id, step)
        } else if (step.kind === 'remove') {
          population.remove(step.id)
          model.members.delete(step.id)
        } else if (step.kind === 'profile') {
          population.setProfileLabels(step.profile, labelSet(step.labels))
          model.profiles.set(step.profile, step.labels)
        } else if (step.kind === 'select') {
          unselect(step.name)
          selections.set(step.name, population.select(parseSelector(step.selector), step.name))
          model.selectors.set(step.name, step.selector)
        } else unselect(step.name)
        expect(told).toEqual(model.selected())
        expect(population.size).toBe(model.members.size)
        expect(population.groupCount).toBe(model.groups())
      }
    }),
    { numRuns: 500 },
  )
})

describe('labels that are inherited', () => {
  it('give way to own ones, and those of later profiles to those of earlier ones', () => {
    const labels = inherit(labelSet({ a: 'own' }), [labelSet({ a: '1', b: '1' }), labelSet({ b: '2', c: '2' })])
    expect(['a', 'b', 'c', 'd'].map((key) => labelValue(labels, key))).toEqual(['own', '1', '2', undefined])
  })

  it('may have any name', () => {
    const labels = inherit(labelSet({ constructor: 'x' }), [labelSet(JSON.parse('{"__proto__": "y"}'))])
    expect(labelValue(labels, 'constructor')).toBe('x')
    expect(labelValue(labels, '__proto__')).toBe('y')
    expect(labelValue(labels, 'toString')).toBeUndefined()
  })
})
