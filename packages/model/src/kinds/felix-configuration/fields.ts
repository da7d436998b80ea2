import * as z from 'zod/mini'
import { anyCaseOf, int, oneOf, optional, pattern, text } from '../../schema/fields.ts'

/** The pieces that FelixConfiguration's ~190 fields are made of (spec 01 §1.15). All of them are optional. */

export const flag = () => optional(z.boolean())

export const number = (min?: number, max?: number) => optional(int(min, max))

export const string = (max?: number) => optional(text(max === undefined ? {} : { max }))

export const seconds = () =>
  optional(
    pattern(/^(?:[0-9]+(?:\.[0-9]+)?(?:ms|s|m|h))*$/, 'a duration of ms, s, m and h without sign, such as 1m30s'),
  )

/** An enum of the CRD: exactly one of the values. */
export const choice = <const T extends readonly string[]>(...values: T) => optional(oneOf(...values))

/** A pattern of the CRD: one of the values in any case, or empty. */
export const loose = (...values: readonly string[]) => optional(anyCaseOf(...values))

export const enabled = () => choice('Enabled', 'Disabled')

export const portNumber = (min = 0) => number(min, 65_535)

export const priority = () => number(1, 2_147_483_646)

export const mask = () => number(0, 4_294_967_295)
