import { formatJson } from '@tortie/model'
import { stringify } from 'yaml'

/** Indented by two, no final newline, integers beyond 2^53 digit for digit. */
export function formatJson2(value: unknown): string {
  return formatJson(value, { indent: 2 })
}

/** On one line. */
export function formatJsonLine(value: unknown): string {
  return `${formatJson(value)}\n`
}

/** Keys in alphabetical order, as a conversion from JSON gives them. */
export function formatYaml(value: unknown): string {
  return stringify(value, {
    sortMapEntries: true,
    lineWidth: 0,
    aliasDuplicateObjects: false,
    indentSeq: false,
    compat: 'yaml-1.1',
  })
}
