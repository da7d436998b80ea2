import { type Selector, valueSet } from './selector.ts'

/**
 * What a label must be like for a selector to match. `values`, when given, lists the only values that can match: none
 * means that nothing matches. Present and absent at once means the same.
 */
export interface LabelRestriction {
  readonly mustBePresent: boolean
  readonly mustBeAbsent: boolean
  readonly values?: readonly string[]
}

type Restrictions = ReadonlyMap<string, LabelRestriction>
const none: Restrictions = new Map()

/**
 * Restrictions per label that every match obeys, for an index that does not want to look at every endpoint; a label that
 * is not listed is unrestricted (spec 02 §1.5).
 */
export function labelRestrictions(selector: Selector): Restrictions {
  switch (selector.kind) {
    case 'eq':
      return only(selector.label, { mustBePresent: true, mustBeAbsent: false, values: [selector.value] })
    case 'in':
      return only(selector.label, { mustBePresent: true, mustBeAbsent: false, values: selector.values })
    case 'has':
    case 'contains':
    case 'startsWith':
    case 'endsWith':
      return only(selector.label, { mustBePresent: true, mustBeAbsent: false })
    case 'not': {
      const { operand } = selector
      return operand.kind === 'has' ? only(operand.label, { mustBePresent: false, mustBeAbsent: true }) : none
    }
    case 'and':
      return selector.operands.map(labelRestrictions).reduce(both)
    case 'or':
      return selector.operands.map(labelRestrictions).reduce(either)
    default:
      return none
  }
}

function only(label: string, restriction: LabelRestriction): Restrictions {
  return new Map([[label, restriction]])
}

function both(a: Restrictions, b: Restrictions): Restrictions {
  const merged = new Map(a)
  for (const [label, theirs] of b) {
    const ours = merged.get(label)
    merged.set(label, ours ? meet(ours, theirs) : theirs)
  }
  return merged
}

function meet(a: LabelRestriction, b: LabelRestriction): LabelRestriction {
  const values = a.values && b.values ? a.values.filter((value) => b.values?.includes(value)) : (a.values ?? b.values)
  return {
    mustBePresent: a.mustBePresent || b.mustBePresent,
    mustBeAbsent: a.mustBeAbsent || b.mustBeAbsent,
    ...(values && { values }),
  }
}

function either(a: Restrictions, b: Restrictions): Restrictions {
  const merged = new Map<string, LabelRestriction>()
  for (const [label, ours] of a) {
    const theirs = b.get(label)
    if (!theirs) continue
    const mustBePresent = ours.mustBePresent && theirs.mustBePresent
    const mustBeAbsent = ours.mustBeAbsent && theirs.mustBeAbsent
    if (!mustBePresent && !mustBeAbsent) continue
    const values = mustBePresent && ours.values && theirs.values && valueSet([...ours.values, ...theirs.values])
    merged.set(label, { mustBePresent, mustBeAbsent, ...(values && { values }) })
  }
  return merged
}
