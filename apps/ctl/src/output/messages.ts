import type { Kind } from '@tortie/model'
import { messageOf } from '../errors.ts'

/** What became of the objects of one create, apply, replace, delete or validate. */
export interface Outcome {
  readonly total: number
  readonly succeeded: number
  /** Of objects that were refused before the store was asked: their namespace is wrong. */
  readonly misplaced?: number
  readonly errors: readonly unknown[]
  /** When all objects are of one. */
  readonly kind: Kind | undefined
}

export interface Printed {
  readonly stdout: string
  readonly stderr: string
}

/** What has been done to an object. */
export const past = {
  create: 'created',
  apply: 'applied',
  replace: 'replaced',
  delete: 'deleted',
  validate: 'validated',
} as const
export type Verb = keyof typeof past

/** The words of calicoctl, so that scripts that look for them still find them. Spec 06 §9. */
export function reportOutcome(verb: Verb, outcome: Outcome): Printed {
  const { total, succeeded, errors, kind } = outcome
  const named = kind ? ` '${kind}'` : ''
  if (total === 0) return { stdout: 'No resources specified\n', stderr: '' }
  if (errors.length === 0)
    return { stdout: `Successfully ${past[verb]} ${succeeded}${named} resource(s)\n`, stderr: '' }
  if (verb === 'delete') return reportDelete(outcome, named)
  if (verb === 'replace') return reportReplace(outcome, named)
  const list = `[${errors.map(messageOf).join(' ')}]`
  if (succeeded === 0) return { stdout: '', stderr: `${failed(verb, total, named)}: ${list}\n` }
  const stdout = succeeded > errors.length ? partial(verb, succeeded, total, named) : ''
  return { stdout, stderr: `hit error: ${list}\n` }
}

function failed(verb: Verb, total: number, named: string): string {
  return `failed to ${verb}${total === 1 ? `${named} resource` : ` any${named} resources`}`
}

function partial(verb: Verb, count: number, total: number, named: string): string {
  return `Partial success: ${past[verb]} the first ${count} out of ${total}${named} resources:\n`
}

/** A line for each that failed, and an empty one. */
function reportDelete({ succeeded, errors }: Outcome, named: string): Printed {
  const stdout = succeeded > 0 ? `Successfully deleted ${succeeded}${named} resource(s)\n` : ''
  const lines = errors.map((error) => `Failed to delete${named} resource: ${messageOf(error)}\n`)
  return { stdout, stderr: `${lines.join('')}\n` }
}

/**
 * calicoctl counts every object that it asked the store about as replaced, and tells the last error alone; scripts know
 * that. The others follow it here.
 */
function reportReplace({ total, errors, misplaced = 0 }: Outcome, named: string): Printed {
  const last = messageOf(errors.at(-1))
  const others = errors.slice(0, -1).map((error) => `and: ${messageOf(error)}\n`)
  if (misplaced === total)
    return { stdout: '', stderr: `${failed('replace', total, named)}: ${last}\n${others.join('')}` }
  const stdout = partial('replace', total - misplaced, total, named)
  return { stdout, stderr: `hit error: ${last}\n${others.join('')}` }
}
