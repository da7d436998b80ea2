/** Defers `make` to the first call and keeps its result: schemas are built only for the kinds that a process uses. */
export function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}
