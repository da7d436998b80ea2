import type { Kind } from '@tortie/model'
import { messageOf } from '../errors.ts'

/** What became of the objects of one create, apply, replace or delete. */
export interface Outcome {
  readonly total: number
  readonly succeeded: number
  readonly errors: readonly unknown[]
  /** When all objects are of one. */
  readonly kind: Kind | undefined
}

export interface Printed {
  readonly stdout: string
  readonly stderr: string
}

const past = { create: 'created', apply: 'applied', replace: 'replaced', delete: 'deleted' } as const
export type Verb = keyof typeof past

/** The words of calicoctl, so that scripts that look for them still find them. Spec 06 §9. */
export function reportOutcome(verb: Verb, outcome: Outcome): Printed {
  const { total, succeeded, errors, kind } = outcome
  const done = past[verb]
  const named = kind ? ` '${kind}'` : ''
  if (total === 0) return { stdout: 'No resources specified\n', stderr: '' }
  if (errors.length === 0) return { stdout: `Successfully ${done} ${succeeded}${named} resource(s)\n`, stderr: '' }
  if (verb === 'delete') return reportDelete(outcome, named)
  const list = `[${errors.map(messageOf).join(' ')}]`
  if (succeeded === 0) {
    const what = total === 1 ? `${named} resource` : ` any${named} resources`
    return { stdout: '', stderr: `failed to ${verb}${what}: ${list}\n` }
  }
  const partial = `Partial success: ${done} the first ${succeeded} out of ${total}${named} resources:\n`
  return { stdout: succeeded > errors.length ? partial : '', stderr: `hit error: ${list}\n` }
}

function reportDelete({ succeeded, errors }: Outcome, named: string): Printed {
  const stdout = succeeded > 0 ? `Successfully deleted ${succeeded}${named} resource(s)\n` : ''
  return { stdout, stderr: errors.map((error) => `Failed to delete${named} resource: ${messageOf(error)}\n`).join('') }
}
