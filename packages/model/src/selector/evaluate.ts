import type { Selector } from './selector.ts'

/** Gives the value of a label, or undefined when it is absent. */
export type LabelLookup = (label: string) => string | undefined
export type Labels = Readonly<Record<string, string>> | LabelLookup
export type Matcher = (labels: LabelLookup) => boolean

/** The labels of a record as a lookup; what a record inherits (`constructor`) is not a label. */
export function lookupIn(labels: Readonly<Record<string, string>>): LabelLookup {
  return (label) => (Object.hasOwn(labels, label) ? labels[label] : undefined)
}

/** Whether the labels match (spec 02 §1.3). For many evaluations of one selector, compile it. */
export function matchesLabels(selector: Selector, labels: Labels): boolean {
  return compileSelector(selector)(typeof labels === 'function' ? labels : lookupIn(labels))
}

/** A selector as a function, to be called for many endpoints. `global()` is true: who gives it a meaning rewrites it. */
export function compileSelector(selector: Selector): Matcher {
  switch (selector.kind) {
    case 'all':
    case 'global':
      return () => true
    case 'has':
      return (labels) => labels(selector.label) !== undefined
    case 'not': {
      const operand = compileSelector(selector.operand)
      return (labels) => !operand(labels)
    }
    case 'and':
      return every(selector.operands.map(compileSelector))
    case 'or':
      return some(selector.operands.map(compileSelector))
    default:
      return compileTest(selector)
  }
}

type Test = Extract<Selector, { readonly label: string; readonly kind: Exclude<Selector['kind'], 'has'> }>

function compileTest(test: Test): Matcher {
  const { label } = test
  switch (test.kind) {
    case 'eq':
      return (labels) => labels(label) === test.value
    case 'ne':
      return (labels) => labels(label) !== test.value
    case 'contains':
      return (labels) => labels(label)?.includes(test.value) ?? false
    case 'startsWith':
      return (labels) => labels(label)?.startsWith(test.value) ?? false
    case 'endsWith':
      return (labels) => labels(label)?.endsWith(test.value) ?? false
    default: {
      const values = new Set<string | undefined>(test.values)
      return test.kind === 'in' ? (labels) => values.has(labels(label)) : (labels) => !values.has(labels(label))
    }
  }
}

function every(matchers: readonly Matcher[]): Matcher {
  const [first, second] = matchers
  if (matchers.length === 2 && first && second) return (labels) => first(labels) && second(labels)
  return (labels) => {
    for (const matcher of matchers) if (!matcher(labels)) return false
    return true
  }
}

function some(matchers: readonly Matcher[]): Matcher {
  const [first, second] = matchers
  if (matchers.length === 2 && first && second) return (labels) => first(labels) || second(labels)
  return (labels) => {
    for (const matcher of matchers) if (matcher(labels)) return true
    return false
  }
}
