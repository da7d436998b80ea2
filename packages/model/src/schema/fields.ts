import * as z from 'zod/mini'
import type { Schema } from './infer.ts'

/** Why a value is refused, ending in the cure; undefined when it is fine. */
export type Complaint = string | undefined

/** What a check over several fields found; `at` is the path below the object that was checked. */
export interface Finding {
  readonly at: readonly (string | number)[]
  readonly reason: string
}

/** A check of one value whose text is ours. Further checks still run, so that one answer names every field. */
export function rule<T>(complain: (value: T) => Complaint): z.core.$ZodCheck<T> {
  return findings(singly(complain))
}

/** The same for text that is read into another type, and then is as wrong as a number where a list belongs. */
export function reading<T>(complain: (value: T) => Complaint): z.core.$ZodCheck<T> {
  return findings(singly(complain), { malformed: true })
}

function singly<T>(complain: (value: T) => Complaint): (value: T) => Finding[] {
  return (value) => {
    const reason = complain(value)
    return reason === undefined ? [] : [{ at: [], reason }]
  }
}

/** A check over several fields of an object. It runs only when each field has its type. */
export function findings<T>(
  find: (value: T) => Iterable<Finding>,
  params?: { readonly malformed: true },
): z.core.$ZodCheck<T> {
  return z.check<T>((context) => {
    for (const { at, reason } of find(context.value))
      context.issues.push({
        code: 'custom',
        message: reason,
        ...(params && { params }),
        input: context.value,
        path: [...at],
        continue: true,
      })
  })
}

/** An object whose unknown fields survive; they do not show in its type. */
export function object<S extends z.core.$ZodShape>(shape: S): z.ZodMiniObject<S> {
  return z.looseObject(shape) as unknown as z.ZodMiniObject<S>
}

/** May be absent; null is read as absent. Zero, false and empty differ from absent (Go's pointers). */
export function optional<S extends Schema>(schema: S): z.ZodMiniOptional<S> {
  return z.optional(schema)
}

/** May be absent, and zero, false or empty mean the same as absent (Go's omitempty). */
export function sparse<S extends Schema>(schema: S): z.ZodMiniOptional<S> {
  const made = z.optional(schema)
  sparseSchemas.add(made)
  return made
}

const sparseSchemas = new WeakSet<Schema>()

export function isSparse(schema: Schema): boolean {
  return sparseSchemas.has(schema)
}

/** Absent, null and empty text or list mean `value`, which `withDefaults` writes. */
export function defaulted<S extends Schema>(
  schema: S,
  value: z.core.util.NoUndefined<z.core.output<S>>,
): z.ZodMiniDefault<S> {
  return z._default(schema, value)
}

export function list<S extends Schema>(element: S, max?: number, min?: number): z.ZodMiniArray<S> {
  let schema = z.array(element)
  if (max !== undefined) schema = schema.check(z.maxLength(max))
  if (min !== undefined) schema = schema.check(z.minLength(min))
  return schema
}

export function record<S extends Schema>(value: S): z.ZodMiniRecord<z.ZodMiniString<string>, S> {
  return z.record(z.string(), value)
}

type Text = z.ZodMiniString<string>

/** Text of at most `max` characters for which no complaint is made. */
export function text(check?: (value: string) => Complaint, max?: number): Text {
  let schema = z.string()
  if (max !== undefined) schema = schema.check(z.maxLength(max))
  if (check !== undefined) schema = schema.check(rule(check))
  return schema
}

/** Text that matches `regex`; `what` completes "must be …". */
export function pattern(regex: RegExp, what: string): Text {
  return z.string().check(z.regex(regex, `must be ${what}`))
}

export function boolean(): z.ZodMiniBoolean<boolean> {
  return z.boolean()
}

/** A number that JSON can hold, integral or not. */
export function float(): z.ZodMiniNumber<number> {
  return z.number()
}

/** A whole number between the bounds, both included. */
export function int(min?: number, max?: number): z.ZodMiniNumber<number> {
  let schema: z.ZodMiniNumber<number> = z.int()
  if (min !== undefined) schema = schema.check(z.gte(min))
  if (max !== undefined) schema = schema.check(z.lte(max))
  return schema
}

export function oneOf<const T extends readonly string[]>(
  ...values: T
): z.ZodMiniEnum<{ readonly [V in T[number]]: V }> {
  return z.enum(values) as unknown as z.ZodMiniEnum<{ readonly [V in T[number]]: V }>
}

/** One of the values in any case, or empty: the type is text because Calico stores what was typed. */
export function anyCaseOf(...values: readonly string[]): Text {
  return pattern(new RegExp(`^(?:${values.join('|')})?$`, 'i'), `one of ${values.join(', ')} (in any case)`)
}

/** A number or text without complaints, which is written as `canonical` of it. */
export function numberOrText(
  canonical: (value: number | string) => number | string,
  ...checks: z.core.$ZodCheck<number | string>[]
): z.ZodMiniUnion<readonly [z.ZodMiniInt, Text]> {
  return z
    .union([z.int(), z.string()], 'must be a whole number or text')
    .check(...checks, z.overwrite(orSame(canonical)))
}

/** Text that is written as `canonical` of it. */
export function canonicalText(canonical: (value: string) => string, ...checks: z.core.$ZodCheck<string>[]): Text {
  return z.string().check(...checks, z.overwrite(orSame(canonical)))
}

/** For values that were already complained of, and that canonical forms therefore do not exist of. */
function orSame<T>(canonical: (value: T) => T): (value: T) => T {
  return (value) => {
    try {
      return canonical(value)
    } catch {
      return value
    }
  }
}
