import fc from 'fast-check'
import { type LabelTest, type Selector, valueSet } from '../selector/selector.ts'

/** Few names and values, so that selectors and labels meet; some that look like words of the language. */
export const anyLabelName: fc.Arbitrary<string> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('app', 'role', 'tier', 'projectcalico.org/namespace') },
  {
    weight: 1,
    arbitrary: fc.constantFrom('in', 'has', 'all', 'global', 'contains', 'not', 'constructor', '__proto__'),
  },
  { weight: 1, arbitrary: fc.stringMatching(/^[A-Za-z0-9_./-]{1,12}$/) },
)

/** Values for selectors: any text that one kind of quotes can hold. */
export const anySelectorValue: fc.Arbitrary<string> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('', 'a', 'b', 'ab', 'db', 'prod') },
  { weight: 1, arbitrary: fc.string({ unit: 'grapheme', maxLength: 8 }).filter((text) => !/["'].*["']/s.test(text)) },
)

/** Labels as Kubernetes allows them. */
export const anyLabels: fc.Arbitrary<Readonly<Record<string, string>>> = fc.dictionary(
  fc.constantFrom('app', 'role', 'tier', 'example.org/team'),
  fc.constantFrom('', 'a', 'b', 'ab', 'db', 'prod'),
)

/** Labels of any text, as an evaluator must bear. */
export const anyLooseLabels: fc.Arbitrary<ReadonlyMap<string, string>> = fc
  .array(fc.tuple(anyLabelName, anySelectorValue), { maxLength: 6 })
  .map((pairs) => new Map(pairs))

const anyTest: fc.Arbitrary<Selector> = fc.record({
  kind: fc.constantFrom<LabelTest['kind']>('eq', 'ne', 'contains', 'startsWith', 'endsWith'),
  label: anyLabelName,
  value: anySelectorValue,
})

const anySetTest: fc.Arbitrary<Selector> = fc.record({
  kind: fc.constantFrom<'in' | 'notIn'>('in', 'notIn'),
  label: anyLabelName,
  values: fc.array(anySelectorValue, { maxLength: 4 }).map(valueSet),
})

const anyLeaf: fc.Arbitrary<Selector> = fc.oneof(
  { weight: 4, arbitrary: anyTest },
  { weight: 2, arbitrary: anySetTest },
  { weight: 2, arbitrary: anyLabelName.map((label): Selector => ({ kind: 'has', label })) },
  { weight: 1, arbitrary: fc.constantFrom<Selector>({ kind: 'all' }, { kind: 'global' }) },
)

/** Selectors as `parseSelector` makes them: lists of the same kind are not flattened, doubled negations do occur. */
export const anySelector: fc.Arbitrary<Selector> = fc.letrec<{ tree: Selector }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    anyLeaf,
    tie('tree').map((operand): Selector => negate(operand)),
    fc.record({
      kind: fc.constantFrom<'and' | 'or'>('and', 'or'),
      operands: fc.array(tie('tree'), { minLength: 2, maxLength: 4 }),
    }),
  ),
})).tree

/** `!!a` would be read as `a`. */
function negate(operand: Selector): Selector {
  return operand.kind === 'not' ? operand.operand : { kind: 'not', operand }
}
