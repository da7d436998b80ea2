import { CtlError } from '../errors.ts'
import { readText } from '../input/files.ts'
import type { Choice } from '../output/columns.ts'

export type Format =
  | { readonly kind: 'table'; readonly choice: Choice }
  | { readonly kind: 'yaml' }
  | { readonly kind: 'json' }
  | { readonly kind: 'name' }
  | { readonly kind: 'go-template'; readonly template: string }
  | { readonly kind: 'jsonpath'; readonly template: string }

const formats: Readonly<Record<string, Format>> = {
  ps: { kind: 'table', choice: 'ps' },
  wide: { kind: 'table', choice: 'wide' },
  yaml: { kind: 'yaml' },
  yml: { kind: 'yaml' },
  json: { kind: 'json' },
  name: { kind: 'name' },
}

/** Formats with `=`, and what is missing without. */
const valued: Readonly<Record<string, { readonly missing: string; read(value: string): Format }>> = {
  'custom-columns': {
    missing: 'need to specify at least one column',
    read: (value) => ({ kind: 'table', choice: value.split(',') }),
  },
  'go-template': {
    missing: 'need to specify a template',
    read: (template) => ({ kind: 'go-template', template }),
  },
  'go-template-file': {
    missing: 'need to specify a template file',
    read: (path) => ({ kind: 'go-template', template: readText(path) }),
  },
  jsonpath: { missing: 'need to specify a template', read: (template) => ({ kind: 'jsonpath', template }) },
  'jsonpath-file': {
    missing: 'need to specify a template file',
    read: (path) => ({ kind: 'jsonpath', template: readText(path).replace(/\n$/, '') }),
  },
}

/** Reads `-o`, before anything else is read. Spec 06 §10. @throws CtlError for a format that is not known */
export function readFormat(output: string): Format {
  if (Object.hasOwn(formats, output)) return formats[output] as Format
  const [, name = '', value = ''] = /^([^=]*)(?:=(.*))?$/s.exec(output) ?? []
  const format = Object.hasOwn(valued, name) ? valued[name] : undefined
  if (!format) throw new CtlError(`unrecognized output format '${output}'`)
  if (value === '') throw new CtlError(format.missing)
  return format.read(value)
}
