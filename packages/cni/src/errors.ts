import { errorKind, isRetryable, TortieError } from '@tortie/runtime'

/**
 * What a caller of the plugin reads on stdout when a command fails: CNI specification, section "Error". Codes below 100
 * are the specification's, 100 is a failed set-up, 101 a failed CHECK, 999 everything else (spec 04 §2).
 */
export interface ErrorReply {
  readonly code: number
  readonly msg: string
  readonly details?: string
}

interface Reason {
  readonly why: string
}

const why = ({ why }: Reason): string => why

/** CNI code and kind, in one row for each way to fail. */
const rows = {
  'cni/incompatible-version': { cniCode: 1, kind: errorKind(false, why) },
  'cni/unsupported': { cniCode: 2, kind: errorKind(false, why) },
  'cni/unknown-container': { cniCode: 3, kind: errorKind(false, why) },
  'cni/bad-environment': { cniCode: 4, kind: errorKind(false, why) },
  'cni/io': { cniCode: 5, kind: errorKind(false, why) },
  'cni/undecodable': { cniCode: 6, kind: errorKind(false, why) },
  'cni/bad-config': { cniCode: 7, kind: errorKind(false, why) },
  'cni/own-netns': { cniCode: 8, kind: errorKind(false, why) },
  'cni/try-again': { cniCode: 11, kind: errorKind(true, why) },
  'cni/not-available': { cniCode: 50, kind: errorKind(true, why) },
  'cni/set-up': { cniCode: 100, kind: errorKind(false, why) },
  'cni/check-failed': { cniCode: 101, kind: errorKind(false, why) },
  'cni/failed': { cniCode: 999, kind: errorKind(false, why) },
} as const

export type CniErrorCode = keyof typeof rows

export interface CniErrorFacts extends Reason {
  /** For a reader who needs more than one line. */
  readonly details?: string
  /** A code of another plugin, passed on as it came. */
  readonly cniCode?: number
}

/** The only error that the commands throw on purpose; anything else is answered with code 999 (or 11 when it may pass). */
export class CniError<C extends CniErrorCode = CniErrorCode> extends TortieError<C, CniErrorFacts> {
  /** The number that the specification wants. */
  readonly cniCode: number

  constructor(code: C, facts: CniErrorFacts | string, options?: { readonly cause?: unknown }) {
    const given = typeof facts === 'string' ? { why: facts } : facts
    super(code, rows[code].kind, given, options)
    this.cniCode = given.cniCode ?? rows[code].cniCode
  }
}

/** What to answer for anything that was thrown. The causes become `details`, one after the other. */
export function errorReply(error: unknown): ErrorReply {
  const message = textOf(error)
  const details = [error instanceof CniError ? error.facts.details : undefined, ...causes(error)]
    .filter((text) => text !== undefined && text !== '' && !message.includes(text))
    .join('; ')
  return { code: codeOf(error), msg: message, ...(details !== '' && { details }) }
}

function codeOf(error: unknown): number {
  if (error instanceof CniError) return error.cniCode
  // What a driver says of options that cannot be meant: they come from the config.
  if (error instanceof TortieError && error.code.endsWith('/bad-options')) return rows['cni/bad-config'].cniCode
  return rows[isRetryable(error) ? 'cni/try-again' : 'cni/failed'].cniCode
}

export function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function causes(error: unknown): string[] {
  const texts: string[] = []
  let at: unknown = error
  while (at instanceof Error && at.cause !== undefined && texts.length < 5) {
    at = at.cause
    texts.push(textOf(at))
  }
  return texts
}
