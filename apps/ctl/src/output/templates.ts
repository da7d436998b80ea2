import { type AnyResource, formatJson, type Kind } from '@tortie/model'
import type { Functions } from '../go-template/functions.ts'
import { sprint } from '../go-template/printf.ts'
import { renderTemplate } from '../go-template/template.ts'
import { type Func, isList, isMap, sortedEntries, type Value } from '../go-template/values.ts'
import { renderJsonPath } from '../jsonpath/evaluate.ts'
import { goList, goResource } from './go-values.ts'

/** One answer of the store: an object, or, with its revision, all of a kind. */
export interface Answer {
  readonly kind: Kind
  readonly items: readonly AnyResource[]
  readonly revision?: string
}

/**
 * `-o go-template`: the template is carried out once, over the array of answers. Spec 06 §10.
 * @param asNumber of nodes that have none of their own, for `config "asnumber"`
 * @throws TemplateError
 */
export function formatGoTemplate(template: string, answers: readonly Answer[], asNumber: string): string {
  const data = answers.flatMap(({ kind, items, revision }) =>
    revision === undefined ? items.map(goResource) : [goList(kind, items, revision)],
  )
  return renderTemplate('get', template, data, functionsWith(asNumber))
}

/**
 * `-o jsonpath`, which calicoctl does not have, as kubectl's: over the object, or over a list with `items`.
 * @param document what `-o json` would show
 * @throws JsonPathError
 */
export function formatJsonPath(template: string, document: unknown): string {
  const whole = Array.isArray(document) ? { apiVersion: 'v1', kind: 'List', items: document } : document
  return renderJsonPath(template, whole)
}

/** Calicoctl's own. */
function functionsWith(asNumber: string): Functions {
  const config: Func = (name) => {
    if (typeof name === 'string' && name.toLowerCase() === 'asnumber') return asNumber
    throw new Error(`unhandled config type ${formatJson(name ?? null)}; the only one is "asnumber"`)
  }
  return new Map<string, Func>([
    ['join', (items, separator) => join(items, separator, 0n)],
    ['joinAndTruncate', join],
    ['config', config],
  ])
}

function join(items: Value, separator: Value, longest: Value): Value {
  if (typeof separator !== 'string') throw new Error('join LIST SEPARATOR: the separator has to be a string')
  if (typeof longest !== 'bigint') throw new Error('joinAndTruncate LIST SEPARATOR LENGTH: the length has to be an int')
  const text = textsOf(items).join(separator)
  const most = Number(longest)
  return most > 0 && text.length > most ? `${text.slice(0, Math.max(0, most - 3))}...` : text
}

function textsOf(items: Value): string[] {
  if (items === null || items === undefined) return []
  if (isMap(items)) return sortedEntries(items).map(([key, value]) => `${key}=${sprint([value])}`)
  return isList(items) ? items.map((item) => sprint([item])) : [sprint([items])]
}
