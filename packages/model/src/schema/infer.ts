import type * as z from 'zod/mini'

/** Any schema of this package. */
export type Schema = z.core.$ZodType

/** Data as other packages see it: readonly all the way down, an optional field is absent rather than undefined. */
export type Data<T> = T extends (infer E)[]
  ? readonly Data<E>[]
  : T extends object
    ? { readonly [K in keyof T]: Data<Exclude<T[K], undefined>> }
    : T

/** The type of what a deferred schema accepts: fields that have a default may be absent. */
export type Infer<S extends () => Schema> = Data<z.core.input<ReturnType<S>>>
