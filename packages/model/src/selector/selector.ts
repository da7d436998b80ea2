/**
 * A selector as a tree. `values` of `in` and `notIn` are sorted by code point and without repeats; `and` and `or` have at
 * least two operands, in source order.
 */
export type Selector =
  | { readonly kind: 'all' | 'global' }
  | { readonly kind: 'has'; readonly label: string }
  | LabelTest
  | { readonly kind: 'in' | 'notIn'; readonly label: string; readonly values: readonly string[] }
  | { readonly kind: 'not'; readonly operand: Selector }
  | { readonly kind: 'and' | 'or'; readonly operands: readonly Selector[] }

export interface LabelTest {
  readonly kind: 'eq' | 'ne' | 'contains' | 'startsWith' | 'endsWith'
  readonly label: string
  readonly value: string
}

/** Sorted by code point, which is the order of UTF-8 bytes, without repeats. */
export function valueSet(values: readonly string[]): readonly string[] {
  return [...new Set(values)].sort(compareCodePoints)
}

/** UTF-16 order, which `<` gives, differs from byte order only where a surrogate meets U+E000…U+FFFF. */
function compareCodePoints(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)]
    if (x !== y) return isSurrogate(x) === isSurrogate(y) ? x - y : isSurrogate(x) ? 1 : -1
  }
  return a.length - b.length
}

function isSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdfff
}
