import { type ErrorKind, errorKind, TortieError } from '@tortie/runtime'

const kinds = {
  'bgp/message-too-long': errorKind<{ readonly message: string; readonly size: number; readonly limit: number }>(
    false,
    ({ message, size, limit }) => `${message} of ${size} bytes is over the limit of ${limit}; split it`,
  ),
  'bgp/bad-value': errorKind<{ readonly field: string; readonly why: string }>(
    false,
    ({ field, why }) => `${field}: ${why}`,
  ),
  'bgp/bad-use': errorKind<{ readonly why: string }>(false, ({ why }) => why),
}

export type BgpErrorCode = keyof typeof kinds
type FactsOf<C extends BgpErrorCode> = Parameters<(typeof kinds)[C]['text']>[0]

/** Every error that this package throws: only for values and calls that cannot be. What a peer sends never throws. */
export class BgpError<C extends BgpErrorCode = BgpErrorCode> extends TortieError<C, FactsOf<C>> {
  constructor(code: C, facts: FactsOf<C>, options?: { readonly cause?: unknown }) {
    super(code, kinds[code] as ErrorKind<FactsOf<C>>, facts, options)
  }
}
