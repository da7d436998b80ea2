import { type ErrorKind, errorKind, TortieError } from '@tortie/runtime'

const kinds = {
  'dataplane/dangling-reference': errorKind(
    false,
    (f: { readonly from: string; readonly to: string }) =>
      `${f.from} refers to ${f.to}, which the program does not hold; put both into one delta`,
  ),
  'dataplane/bad-delta': errorKind(
    false,
    (f: { readonly ipSet: string; readonly why: string }) =>
      `ipSets[${f.ipSet}]: ${f.why}; begin again from the whole program`,
  ),
  'dataplane/bad-member': errorKind(
    false,
    (f: { readonly member: string; readonly why: string }) => `IP set member ${JSON.stringify(f.member)}: ${f.why}`,
  ),
  'dataplane/bad-rule': errorKind(false, (f: { readonly rule: string; readonly why: string }) => `${f.rule}: ${f.why}`),
  'dataplane/bad-endpoint': errorKind(
    false,
    (f: { readonly endpoint: string; readonly why: string }) => `endpoint ${f.endpoint}: ${f.why}`,
  ),
  'dataplane/unknown-endpoint': errorKind(
    false,
    (f: { readonly endpoint: string }) =>
      `endpoint ${f.endpoint} is not in the program; give the id of a local endpoint`,
  ),
  'dataplane/bad-flow': errorKind(false, (f: { readonly why: string }) => `flow: ${f.why}`),
}

export type DataplaneErrorCode = keyof typeof kinds
type Facts<C extends DataplaneErrorCode> = Parameters<(typeof kinds)[C]['text']>[0]

/** Every error of programs, deltas and flows. Drivers have their own for what the kernel says. */
export class DataplaneError<C extends DataplaneErrorCode = DataplaneErrorCode> extends TortieError<C, Facts<C>> {
  constructor(code: C, facts: Facts<C>, options?: { readonly cause?: unknown }) {
    super(code, kinds[code] as unknown as ErrorKind<Facts<C>>, facts, options)
  }
}
