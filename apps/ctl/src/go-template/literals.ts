/** Constants as Go writes them. */

const escapes: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  "'": "'",
  '"': '"',
}

const escapeSequence = /\\(?:([abfnrtv\\'"])|x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([0-7]{3})|(.?))/gs

/** What stands between quotes or backquotes. @throws SyntaxError for an escape that is none */
export function unquote(text: string): string {
  const inner = text.slice(1, -1)
  if (text.startsWith('`')) return inner
  return inner.replaceAll(escapeSequence, (_all, plain, hex, short, long, octal) => {
    if (plain !== undefined) return escapes[plain] as string
    const digits: string | undefined = hex ?? short ?? long
    const code = digits === undefined ? Number.parseInt(octal, 8) : Number.parseInt(digits, 16)
    if (!(code <= 0x10ffff)) throw new SyntaxError('invalid escape')
    return String.fromCodePoint(code)
  })
}

/** An int as bigint, a float as number; undefined for what is neither. */
export function parseNumber(text: string, isCharacter: boolean): bigint | number | undefined {
  if (isCharacter) {
    try {
      const [character, ...others] = unquote(text)
      return character === undefined || others.length > 0 ? undefined : BigInt(character.codePointAt(0) ?? 0)
    } catch {
      return undefined
    }
  }
  const plain = text.replaceAll('_', '')
  const [, sign = '', digits = ''] = /^([+-]?)(.*)$/s.exec(plain) ?? []
  const factor = sign === '-' ? -1n : 1n
  if (/^0[xXbBoO]/.test(digits)) return /^0[xXbBoO]$/.test(digits) ? undefined : factor * BigInt(digits.toLowerCase())
  if (/^0[0-7]+$/.test(digits)) return factor * BigInt(`0o${digits.slice(1)}`)
  if (/^\d+$/.test(digits)) return /^0\d/.test(digits) ? undefined : factor * BigInt(digits)
  const value = Number(plain)
  return Number.isFinite(value) ? value : undefined
}
