import type * as z from 'zod/mini'
import { re2Complaint } from '../../scalars/re2.ts'
import {
  anyCaseOf,
  boolean,
  type Complaint,
  defaulted,
  int,
  list,
  oneOf,
  optional,
  sparse,
  text,
} from '../../schema/fields.ts'
import { addressComplaint, interfaceFilterComplaint, keyValueListComplaint } from '../../schema/formats.ts'
import { duration } from '../../schema/values.ts'

/** The pieces that FelixConfiguration's ~190 fields are made of (spec 01 §1.15). All of them are optional. */

export const flag = () => optional(boolean())

export const number = (min?: number, max?: number) => optional(int(min, max))

export const string = (check?: (value: string) => Complaint) => sparse(text(check))

export const regexp = () => string(re2Complaint)

export const keyValues = () => string(keyValueListComplaint)

export const ipv4 = () => string((value) => addressComplaint(value, 4))

export const ipv6 = () => string((value) => addressComplaint(value, 6))

export const interfaceFilter = () => string(interfaceFilterComplaint)

export const seconds = () => sparse(duration())

/** An enum of the CRD: exactly one of the values. */
export const choice = <const T extends readonly string[]>(
  ...values: T
): z.ZodMiniOptional<z.ZodMiniEnum<{ readonly [V in T[number]]: V }>> => sparse(oneOf(...values))

/** A pattern of the CRD: one of the values in any case, or empty. */
export const loose = (...values: readonly string[]) => sparse(anyCaseOf(...values))

/** An enum of which absent means `value`, which is written into every object, whatever nodes it is for. */
export const choiceElse = <const V extends string, const T extends string>(value: V, ...others: readonly T[]) => {
  const values: readonly string[] = [value, ...others]
  return defaulted(oneOf(...values), value) as unknown as z.ZodMiniDefault<z.ZodMiniEnum<{ readonly [K in V | T]: K }>>
}

export const enabled = () => choice('Enabled', 'Disabled')

/** A list that means something when it is empty: none, where absent means the default. */
export const texts = (check: (value: string) => Complaint) => optional(list(text(check)))

export const portNumber = (min = 0) => number(min, 65_535)

export const priority = () => number(1, 2_147_483_646)

export const mask = () => number(0, 4_294_967_295)
