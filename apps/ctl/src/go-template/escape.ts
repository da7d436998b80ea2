/** What Go's html, js and urlquery make of a text. */

const html: Readonly<Record<string, string>> = {
  '"': '&#34;',
  "'": '&#39;',
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '\0': '\uFFFD',
}

export function escapeHtml(text: string): string {
  return text.replaceAll(/["'&<>\0]/g, (character) => html[character] as string)
}

const js: Readonly<Record<string, string>> = { '\\': '\\\\', "'": "\\'", '"': '\\"' }

export function escapeJs(text: string): string {
  return text.replaceAll(/[\\'"<>&=]|\p{Cc}|\P{ASCII}/gu, (character) => {
    const short = js[character]
    if (short !== undefined) return short
    const code = character.codePointAt(0) ?? 0
    if (code === 0x7f || (code > 0x7f && isPrintable(character))) return character
    return `\\u${code.toString(16).toUpperCase().padStart(4, '0')}`
  })
}

/** As Go's unicode.IsPrint: letters, marks, numbers, punctuation, symbols, and of the spaces only the ASCII one. */
export function isPrintable(character: string): boolean {
  return character === ' ' || /^[\p{L}\p{M}\p{N}\p{P}\p{S}]$/u.test(character)
}

/** Of a query: a space is `+`. */
export function escapeQuery(text: string): string {
  return encodeURIComponent(text.toWellFormed())
    .replaceAll(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+')
}
