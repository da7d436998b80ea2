import { type ErrorKind, errorKind, TortieError } from '@tortie/runtime'

const kinds = {
  /** The cause is what the kernel said of the last attempt. The kernel holds what it held before. */
  'dataplane-nft/write-failed': errorKind(
    true,
    (f: { readonly table: string; readonly attempts: number; readonly why: string }) =>
      `table inet ${f.table} could not be written in ${f.attempts} attempts and stays as it was: ${f.why}`,
  ),
  'dataplane-nft/read-failed': errorKind(
    true,
    (f: { readonly table: string; readonly attempts: number }) =>
      `table inet ${f.table} changed during each of ${f.attempts} attempts to read it; stop what else writes nf_tables`,
  ),
  'dataplane-nft/closed': errorKind(
    false,
    (f: { readonly table: string }) => `the dataplane of table inet ${f.table} is closed; open another`,
  ),
}

export type NftDataplaneErrorCode = keyof typeof kinds
type Facts<C extends NftDataplaneErrorCode> = Parameters<(typeof kinds)[C]['text']>[0]

/** Every error of this driver but those of the program itself, which are `DataplaneError`. */
export class NftDataplaneError<C extends NftDataplaneErrorCode = NftDataplaneErrorCode> extends TortieError<
  C,
  Facts<C>
> {
  constructor(code: C, facts: Facts<C>, options?: { readonly cause?: unknown }) {
    super(code, kinds[code] as unknown as ErrorKind<Facts<C>>, facts, options)
  }
}
