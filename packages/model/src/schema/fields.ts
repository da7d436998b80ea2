import * as z from 'zod/mini'
import type { Schema } from './infer.ts'

/** Why a value is refused, ending in the cure; undefined when it is fine. */
export type Complaint = string | undefined

/** A check whose text is ours. `at` is the path below the checked value. */
export function rule<T>(complain: (value: T) => Complaint, at: readonly (string | number)[] = []): z.core.$ZodCheck<T> {
  return z.check<T>((context) => {
    const reason = complain(context.value)
    if (reason !== undefined)
      context.issues.push({ code: 'custom', message: reason, input: context.value, path: [...at] })
  })
}

/** An object whose unknown fields survive; they do not show in its type. */
export function object<S extends z.core.$ZodShape>(shape: S): z.ZodMiniObject<S> {
  return z.looseObject(shape) as unknown as z.ZodMiniObject<S>
}

export function optional<S extends Schema>(schema: S): z.ZodMiniOptional<S> {
  return z.optional(schema)
}

/** Absent means `value`, and is written so by `withDefaults`. */
export function defaulted<S extends Schema>(
  schema: S,
  value: z.core.util.NoUndefined<z.core.output<S>>,
): z.ZodMiniDefault<S> {
  return z._default(schema, value)
}

export function list<S extends Schema>(element: S, max?: number): z.ZodMiniArray<S> {
  const schema = z.array(element)
  return max === undefined ? schema : schema.check(z.maxLength(max))
}

export function record<S extends Schema>(value: S): z.ZodMiniRecord<z.ZodMiniString<string>, S> {
  return z.record(z.string(), value)
}

/** Text of at most `max` characters for which no complaint is made. */
export function text(
  options: { readonly max?: number; readonly check?: (value: string) => Complaint } = {},
): z.ZodMiniString<string> {
  let schema = z.string()
  if (options.max !== undefined) schema = schema.check(z.maxLength(options.max))
  if (options.check !== undefined) schema = schema.check(rule(options.check))
  return schema
}

/** Text that matches `pattern`; `what` completes "must be …". */
export function pattern(regex: RegExp, what: string, max?: number): z.ZodMiniString<string> {
  const schema = z.string().check(z.regex(regex, `must be ${what}`))
  return max === undefined ? schema : schema.check(z.maxLength(max))
}

export function boolean(): z.ZodMiniBoolean<boolean> {
  return z.boolean()
}

/** A number that JSON can hold, integral or not. */
export function float(): z.ZodMiniNumber<number> {
  return z.number()
}

/** A whole number between the bounds, both included. */
export function int(
  min: number = Number.MIN_SAFE_INTEGER,
  max: number = Number.MAX_SAFE_INTEGER,
): z.ZodMiniNumber<number> {
  return z.int().check(z.gte(min), z.lte(max))
}

export function oneOf<const T extends readonly string[]>(
  ...values: T
): z.ZodMiniEnum<{ readonly [V in T[number]]: V }> {
  return z.enum(values) as unknown as z.ZodMiniEnum<{ readonly [V in T[number]]: V }>
}

/** One of the values in any case, or empty: the type is text because Calico stores what was typed. */
export function anyCaseOf(...values: readonly string[]): z.ZodMiniString<string> {
  return pattern(new RegExp(`^(?:${values.join('|')})?$`, 'i'), `one of ${values.join(', ')} (in any case)`)
}
