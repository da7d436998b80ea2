import type { ExitCode } from './shell.ts'

interface CtlErrorOptions {
  readonly cause?: unknown
  readonly stream?: 'stdout' | 'stderr'
  readonly whole?: boolean
  readonly exitCode?: ExitCode
}

/** A message for the user: one text, whole, without prefix; an exit code other than 0 follows. Spec 06 §1, §12. */
export class CtlError extends Error {
  override readonly name = 'CtlError'
  /** Where calicoctl prints it. */
  readonly stream: 'stdout' | 'stderr'
  /** Nothing may be put before it (spec 06 §1, error text clean-up). */
  readonly whole: boolean
  readonly exitCode: ExitCode

  constructor(message: string, options: CtlErrorOptions = {}) {
    super(message, options)
    this.stream = options.stream ?? 'stderr'
    this.whole = options.whole ?? false
    this.exitCode = options.exitCode ?? 1
  }
}

/** The configuration names a kind of store that this release cannot use. */
export class NoClient extends CtlError {}

/** There was nothing in the files. */
export class NothingSpecified extends CtlError {}

/** The error with `prefix` before its text, unless its text is whole already. */
export function prefixed(prefix: string, error: unknown): CtlError {
  if (error instanceof CtlError && (error.whole || error.stream === 'stdout')) return error
  return new CtlError(`${prefix}${messageOf(error)}`, { cause: error })
}

/** What `work` gives; what it throws goes through `word`. */
export async function worded<T>(word: (error: unknown) => unknown, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw word(error)
  }
}

interface Coded {
  readonly code?: unknown
  readonly facts?: unknown
}

type Identity = { readonly kind: string; readonly name: string; readonly namespace?: string }
const identity = ({ kind, name, namespace }: Identity): string =>
  `${kind}(${namespace === undefined ? name : `${namespace}/${name}`})`

/** By code of the error: calicoctl's words where ours differ. Spec 06 §9. */
const wordings: Readonly<Record<string, (facts: never) => string>> = {
  AlreadyExists: (facts: Identity) => `resource already exists: ${identity(facts)} with error: <nil>`,
  DoesNotExist: (facts: Identity) => `resource does not exist: ${identity(facts)} with error: <nil>`,
  Conflict: ({ revision, ...facts }: Identity & { readonly revision: string }) =>
    `update conflict: ${identity(facts)} (changed since revision ${revision}; get it again, or leave out resourceVersion)`,
  Unauthorized: ({ why }: { readonly why: string }) => `connection is unauthorized: ${why}`,
  'ipam/cooling-down': ({ address, releasedAt }: { readonly address: string; readonly releasedAt: string }) =>
    `address ${address} is in cooldown (released at ${releasedAt}; see ipCooldownSeconds)`,
}

/** The message of anything thrown, in calicoctl's words. */
export function messageOf(error: unknown): string {
  const { code, facts } = (error ?? {}) as Coded
  const wording = typeof code === 'string' && Object.hasOwn(wordings, code) ? wordings[code] : undefined
  if (wording && facts !== undefined) return wording(facts as never)
  return error instanceof Error ? error.message : String(error)
}

/** A text of several lines as one. */
export function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim()
}
