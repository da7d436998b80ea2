import { ModelError } from '../errors.ts'

export function badValue(what: string, value: unknown, reason: string): never {
  throw new ModelError('model/bad-value', { what, value, reason })
}

/** Whether `parse` accepts the value. Only ModelError means no; anything else is a bug and goes on. */
export function complaintOf(parse: () => unknown): string | undefined {
  try {
    parse()
    return undefined
  } catch (error) {
    if (error instanceof ModelError && error.code === 'model/bad-value')
      return (error as ModelError<'model/bad-value'>).facts.reason
    throw error
  }
}
