/** How one parameter is read: text (file, environment) and the JSON of FelixConfiguration come to the same value. Spec 02 §6.1. */
export interface Parameter<T> {
  readonly default: T
  /** The value of `none`: the type's zero. */
  readonly zero: T
  /** @throws Error whose message says what is accepted */
  readonly parse: (text: string) => T
  /** An invalid value stops the agent instead of falling back to the default. */
  readonly strict?: boolean
  /** Ignored when it comes from the datastore. */
  readonly localOnly?: boolean
}

export function bool(fallback: boolean): Parameter<boolean> {
  const words: Readonly<Record<string, boolean>> = {
    true: true,
    1: true,
    yes: true,
    y: true,
    t: true,
    false: false,
    0: false,
    no: false,
    n: false,
    f: false,
  }
  return {
    default: fallback,
    zero: false,
    parse(text) {
      const value = words[text.toLowerCase()]
      if (value === undefined) throw new Error('write true or false')
      return value
    },
  }
}

/** Milliseconds; read from seconds (`0.5`) or a Go duration (`1m30s`). */
export function seconds(fallbackSeconds: number): Parameter<number> {
  return { default: fallbackSeconds * 1000, zero: 0, parse: parseDurationMs }
}

export function int(fallback: number, least: number, most: number): Parameter<number> {
  return {
    default: fallback,
    zero: 0,
    parse(text) {
      const value = Number(text)
      if (!/^-?\d+$/.test(text) || value < least || value > most)
        throw new Error(`write a whole number from ${least} to ${most}`)
      return value
    },
  }
}

export function text(fallback: string): Parameter<string> {
  return { default: fallback, zero: '', parse: (value) => value }
}

/** Words compare without case; the value is spelt as in `words`. */
export function oneOf<const W extends string>(words: readonly W[], fallback: W): Parameter<W> {
  return {
    default: fallback,
    zero: fallback,
    parse(value) {
      const word = words.find((word) => word.toLowerCase() === value.toLowerCase())
      if (word === undefined) throw new Error(`write one of ${words.join(', ')}`)
      return word
    },
  }
}

export function list(fallback: string): Parameter<readonly string[]> {
  const parse = (value: string): readonly string[] =>
    value
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== '')
  return { default: parse(fallback), zero: [], parse }
}

/** undefined means: not set, derive it. */
export function optional<T>(parameter: Parameter<T>): Parameter<T | undefined> {
  return { ...parameter, default: undefined, zero: undefined }
}

export function strict<T>(parameter: Parameter<T>): Parameter<T> {
  return { ...parameter, strict: true }
}

export function local<T>(parameter: Parameter<T>): Parameter<T> {
  return { ...parameter, localOnly: true }
}

const unitMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
}

function parseDurationMs(value: string): number {
  if (/^\d+(\.\d+)?$/.test(value)) return Number(value) * 1000
  if (!/^(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$/.test(value)) throw new Error('write seconds (90) or a duration (1m30s)')
  let total = 0
  for (const [, amount = '', unit = ''] of value.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g))
    total += Number(amount) * (unitMs[unit] ?? 0)
  return total
}
