import { badValue } from './bad-value.ts'

const unitsNs: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  μs: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
}

const part = /([0-9]*)(?:\.([0-9]*))?(ns|us|µs|μs|ms|s|m|h)/y
const maxNs = 2n ** 63n - 1n

/**
 * Nanoseconds of a Go duration: `1m30s`, `1.5h`, `-2ms`, `0`. Digits beyond the nanosecond are dropped.
 * @throws ModelError `model/bad-value`
 */
export function parseDurationNs(text: string): bigint {
  const sign = /^[+-]/.exec(text)?.[0] ?? ''
  const body = text.slice(sign.length)
  const ns = body === '0' ? 0n : sumParts(text, body)
  if (ns > maxNs) badValue('duration', text, 'it is longer than 292 years')
  return sign === '-' ? -ns : ns
}

function sumParts(text: string, body: string): bigint {
  let total = 0n
  let at = 0
  do {
    part.lastIndex = at
    const [whole, digits = '', fraction = '', unit = ''] = part.exec(body) ?? []
    // Longer than any duration: spares the work on absurd text.
    if (whole === undefined || digits + fraction === '' || digits.length > 20)
      badValue('duration', text, 'write numbers with units ms, s, m or h, such as 1m30s')
    const scale = unitsNs[unit] ?? 0n
    const decimals = fraction.slice(0, 15)
    total += BigInt(digits || '0') * scale + (BigInt(decimals || '0') * scale) / 10n ** BigInt(decimals.length)
    at += whole.length
  } while (at < body.length)
  return total
}

/** Milliseconds of a Go duration, with fractions. @throws ModelError `model/bad-value` */
export function parseDuration(text: string): number {
  return Number(parseDurationNs(text)) / 1e6
}

/** As Go writes it: `1m30s`, `1.5s`, `100ms`, `0s`. */
export function formatDurationNs(ns: bigint): string {
  const sign = ns < 0n ? '-' : ''
  const size = ns < 0n ? -ns : ns
  if (size === 0n) return '0s'
  if (size < 1_000n) return `${sign}${size}ns`
  if (size < 1_000_000n) return `${sign}${decimal(size, 3)}µs`
  if (size < 1_000_000_000n) return `${sign}${decimal(size, 6)}ms`
  const minutes = size / 60_000_000_000n
  const seconds = `${decimal(size % 60_000_000_000n, 9)}s`
  if (minutes === 0n) return sign + seconds
  if (minutes < 60n) return `${sign}${minutes}m${seconds}`
  return `${sign}${minutes / 60n}h${minutes % 60n}m${seconds}`
}

/** `units` with the decimal point moved `digits` to the left, without trailing zeros. */
function decimal(units: bigint, digits: number): string {
  const text = units.toString().padStart(digits + 1, '0')
  const fraction = text.slice(-digits).replace(/0+$/, '')
  return text.slice(0, -digits) + (fraction && `.${fraction}`)
}

/** @param ms  milliseconds; rounded to the nanosecond */
export function formatDuration(ms: number): string {
  return formatDurationNs(BigInt(Math.round(ms * 1e6)))
}
