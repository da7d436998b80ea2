import { executeTemplate } from './execute.ts'
import { builtins, type Functions } from './functions.ts'
import { parseTemplate } from './parse.ts'
import type { Value } from './values.ts'

/**
 * Reads a template of Go's text/template and carries it out. Nothing in it can reach beyond `data` and `functions`.
 * @param name of the template, for messages
 * @throws TemplateError in Go's words
 */
export function renderTemplate(name: string, source: string, data: Value, functions: Functions = new Map()): string {
  return executeTemplate(
    parseTemplate(name, source, (called) => functions.has(called) || builtins.has(called)),
    data,
    functions,
  )
}
