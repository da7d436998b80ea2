import { ModelError } from '../errors.ts'
import { parseSelector } from './parse.ts'
import type { LabelTest, Selector } from './selector.ts'

const operators: Readonly<Record<LabelTest['kind'], string>> = {
  eq: '==',
  ne: '!=',
  contains: 'contains',
  startsWith: 'starts with',
  endsWith: 'ends with',
}

/**
 * The canonical text: equal text, equal selector (spec 02 §1.4).
 * @throws ModelError `model/bad-value` if a value holds both kinds of quotes, which no text can express
 */
export function formatSelector(selector: Selector): string {
  switch (selector.kind) {
    case 'all':
    case 'global':
      return `${selector.kind}()`
    case 'has':
      return `has(${selector.label})`
    case 'not':
      return `!${formatSelector(selector.operand)}`
    case 'and':
    case 'or':
      return `(${selector.operands.map(formatSelector).join(selector.kind === 'and' ? ' && ' : ' || ')})`
    case 'in':
    case 'notIn':
      return `${selector.label} ${selector.kind === 'in' ? 'in' : 'not in'} {${selector.values.map(quote).join(', ')}}`
    default:
      return `${selector.label} ${operators[selector.kind]} ${quote(selector.value)}`
  }
}

/** Canonical text of what parses, anything else as it came (spec 02 §1.4). Never throws. */
export function normaliseSelector(text: string): string {
  try {
    return formatSelector(parseSelector(text.trim()))
  } catch {
    return text
  }
}

function quote(value: string): string {
  if (!value.includes('"')) return `"${value}"`
  if (!value.includes("'")) return `'${value}'`
  throw new ModelError('model/bad-value', {
    what: 'value of a selector',
    value,
    reason: 'it holds both " and \', and selectors have no escapes; use values without one of them',
  })
}
