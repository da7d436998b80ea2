import type { Log } from '@tortie/runtime'

/** A stored object that cannot be taken as it is, and what is done instead. */
export interface Problem {
  /** `NetworkPolicy(prod/allow-dns)`. */
  readonly subject: string
  /** Names the field. */
  readonly why: string
  readonly effect: string
}

/** Problems that exist now, each logged once when it begins. */
export class Problems {
  readonly #log: Log
  readonly #bySubject = new Map<string, readonly Problem[]>()

  constructor(log: Log) {
    this.#log = log
  }

  /** `part` tells apart what is found out about one subject at different times. */
  set(subject: string, part: string, effect: string, reasons: readonly string[]): void {
    if (reasons.length === 0 && this.#bySubject.size === 0) return
    const key = `${part} ${subject}`
    const before = this.#bySubject.get(key) ?? []
    if (reasons.length === 0) {
      this.#bySubject.delete(key)
      return
    }
    const problems = reasons.map((why) => ({ subject, why, effect }))
    this.#bySubject.set(key, problems)
    for (const problem of problems)
      if (!before.some(({ why }) => why === problem.why)) this.#log.warn('policy.resource.invalid', { ...problem })
  }

  /** In order of subject. */
  all(): readonly Problem[] {
    return [...this.#bySubject.values()].flat().sort((a, b) => compare(a.subject, b.subject) || compare(a.why, b.why))
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
