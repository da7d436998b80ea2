import type { Selector } from './selector.ts'

/** The same selector about labels whose names begin with `prefix`: `pcns.` and `pcsa.` for those of profiles (spec 02 §1.6). */
export function prefixLabels(selector: Selector, prefix: string): Selector {
  switch (selector.kind) {
    case 'all':
    case 'global':
      return selector
    case 'not':
      return { kind: 'not', operand: prefixLabels(selector.operand, prefix) }
    case 'and':
    case 'or':
      return { kind: selector.kind, operands: selector.operands.map((operand) => prefixLabels(operand, prefix)) }
    default:
      return { ...selector, label: prefix + selector.label }
  }
}
