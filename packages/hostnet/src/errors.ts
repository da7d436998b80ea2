import { type ErrorKind, errorKind, TortieError } from '@tortie/runtime'

const kinds = {
  'hostnet/refused': errorKind<{ readonly count: number; readonly first: string }>(
    true,
    ({ count, first }) =>
      `the kernel refused ${count === 1 ? 'a change' : `${count} changes`} of its routing: ${first}`,
  ),
}

export type HostnetErrorCode = keyof typeof kinds
type FactsOf<C extends HostnetErrorCode> = Parameters<(typeof kinds)[C]['text']>[0]

/** Every error of this package; what the kernel said is its cause. */
export class HostnetError<C extends HostnetErrorCode = HostnetErrorCode> extends TortieError<C, FactsOf<C>> {
  constructor(code: C, facts: FactsOf<C>, options?: { readonly cause?: unknown }) {
    super(code, kinds[code] as ErrorKind<FactsOf<C>>, facts, options)
  }
}
