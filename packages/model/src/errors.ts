import { type ErrorKind, errorKind, TortieError } from '@tortie/runtime'

/** One field that is wrong. `path` as in `spec.ingress[2].source.nets[0]`; `reason` ends in the cure. */
export interface FieldError {
  readonly path: string
  readonly value: unknown
  readonly reason: string
  /** The value is not of its field's type: what reads typed documents, as Calico does, cannot read this one at all. */
  readonly malformed?: true
}

interface InvalidFacts {
  /** What was checked: `IPPool(default)`. */
  readonly subject: string
  readonly fields: readonly FieldError[]
}

interface TextFacts {
  readonly text: string
  /** Offset in `text`, in UTF-16 units, where reading stopped. */
  readonly at: number
  readonly reason: string
}

const kinds = {
  'model/invalid': errorKind(false, ({ fields }: InvalidFacts) => describeFields(fields)),
  'model/bad-selector': errorKind(
    false,
    (f: TextFacts) => `selector ${quote(f.text)} is wrong at character ${f.at + 1}: ${f.reason}`,
  ),
  'model/bad-json': errorKind(false, (f: { readonly reason: string }) => `not JSON: ${f.reason}`),
  'model/bad-value': errorKind(
    false,
    (f: { readonly what: string; readonly value: unknown; readonly reason: string }) =>
      `${quote(f.value)} is no ${f.what}: ${f.reason}`,
  ),
  'model/unknown-kind': errorKind(
    false,
    (f: { readonly kind: unknown; readonly known: readonly string[] }) =>
      `${f.kind === undefined ? 'kind is missing' : `kind ${quote(f.kind)} is not known`}; write one of ${f.known.join(', ')}`,
  ),
}

type Kinds = typeof kinds
export type ModelErrorCode = keyof Kinds
export type ModelErrorFacts<C extends ModelErrorCode> = Kinds[C] extends ErrorKind<infer F> ? F : never

/** Data that is not what it should be. None of them is retryable. `facts.fields` of `model/invalid` names every field. */
export class ModelError<C extends ModelErrorCode = ModelErrorCode> extends TortieError<C, ModelErrorFacts<C>> {
  constructor(code: C, facts: ModelErrorFacts<C>, options?: { readonly cause?: unknown }) {
    super(code, kinds[code] as unknown as ErrorKind<ModelErrorFacts<C>>, facts, options)
  }
}

/** Narrowing test: `isModelError(error, 'model/invalid')`. */
export function isModelError<C extends ModelErrorCode>(error: unknown, code: C): error is ModelError<C> {
  return error instanceof ModelError && error.code === code
}

/** Calico's wording for invalid fields (spec 06 §7). */
function describeFields(fields: readonly FieldError[]): string {
  const lines = fields.map(({ path, value, reason }) => `${path} = '${show(value)}' (${reason})`)
  return lines.length === 1
    ? `error with field ${lines[0]}`
    : `error with the following fields:\n${lines.map((line) => `-  ${line}`).join('\n')}`
}

/** At most so much of an offending value is repeated in a message. */
const shownCharacters = 120

/** A value for a message: text as it is, everything else as JSON, cut when long. */
export function show(value: unknown): string {
  const text = typeof value === 'string' ? value : toText(value)
  return text.length > shownCharacters ? `${text.slice(0, shownCharacters)}…` : text
}

function quote(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(show(value)) : show(value)
}

function toText(value: unknown): string {
  if (value === undefined) return ''
  try {
    return (
      JSON.stringify(value, (_key, part: unknown) => (typeof part === 'bigint' ? part.toString() : part)) ??
      String(value)
    )
  } catch {
    // Nested too deep, or in itself: what makes text of any value would fail in the same way.
    return Array.isArray(value) ? 'a list' : 'an object'
  }
}
