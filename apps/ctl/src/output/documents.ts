import { formatJson } from '@tortie/model'
import { Document, isScalar, Scalar, visit } from 'yaml'

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
  const document = new Document(value, {
    sortMapEntries: true,
    aliasDuplicateObjects: false,
    compat: 'yaml-1.1',
  })
  visit(document, (_, node) => {
    if (!isScalar(node) || typeof node.value !== 'string') return
    if (isMistakable(node.value)) node.type = Scalar.QUOTE_DOUBLE
    else if (node.value.includes("'") && special.test(node.value)) node.type = Scalar.QUOTE_SINGLE
  })
  return document.toString({ lineWidth: 0, indentSeq: false, singleQuote: true })
}

const { tags } = new Document(null, { schema: 'yaml-1.1' }).schema

/** In a line of text, what plain text cannot have: for a text with a single quote the library would use double ones. */
const special = /^[\s,[\]{}#&*!|>'"%@`]|^[?-](?:\s|$)|:(?:\s|$)|\s#|\s$/

/** Text that without quotes were a number or the like; Calico's writer gives it double quotes, and single ones else. */
function isMistakable(text: string): boolean {
  return text === '' || tags.some((tag) => 'test' in tag && tag.default === true && tag.test?.test(text))
}
