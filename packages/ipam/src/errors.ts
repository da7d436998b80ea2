import { type ErrorKind, errorKind, TortieError } from '@tortie/runtime'

interface AboutFamily {
  readonly family: 4 | 6
}

const kinds = {
  'ipam/bad-request': errorKind(
    false,
    (f: { readonly field: string; readonly value: string; readonly why: string }) => `${f.field} "${f.value}" ${f.why}`,
  ),
  'ipam/no-qualified-pool': errorKind(
    false,
    (f: AboutFamily & { readonly host: string; readonly why: string }) =>
      `no IPv${f.family} pool is qualified for ${f.host}: ${f.why}`,
  ),
  'ipam/unknown-pool': errorKind(
    false,
    (f: AboutFamily & { readonly pool: string; readonly field: string }) =>
      `${f.field}: the given pool (${f.pool}) does not exist, or is not enabled; name the CIDR of an enabled IPv${f.family} pool`,
  ),
  'ipam/bad-pool': errorKind(
    false,
    (f: { readonly pool: string; readonly field: string; readonly why: string }) =>
      `IPPool(${f.pool}) ${f.field}: ${f.why}`,
  ),
  'ipam/not-in-pool': errorKind(
    false,
    (f: { readonly address: string }) =>
      `The provided IP address is not in a configured pool: ${f.address}; create or enable an IPPool that holds it`,
  ),
  'ipam/pool-use': errorKind(
    false,
    (f: { readonly pool: string; readonly use: string }) =>
      `IPPool(${f.pool}) is not for ${f.use}; add ${f.use} to its allowedUses or choose another pool`,
  ),
  'ipam/pool-exhausted': errorKind(
    false,
    (f: { readonly requested: number; readonly assigned: number; readonly family: 4 | 6; readonly why: string }) =>
      `Assigned ${f.assigned} out of ${f.requested} requested IPv${f.family} addresses; ${f.why}; ` +
      'add an IPPool or release addresses',
  ),
  'ipam/block-limit': errorKind(
    false,
    (f: AboutFamily & { readonly limit: number; readonly host: string }) =>
      `Need to allocate an IPAM block but could not - limit of ${f.limit} blocks reached for this node (${f.host}, ` +
      `IPv${f.family}); raise maxBlocksPerHost of the IPAM configuration or release addresses`,
  ),
  'ipam/contention': errorKind(
    true,
    (f: { readonly what: string; readonly tries: number }) =>
      `Max retries hit - excessive concurrent IPAM requests: ${f.what} changed under us ${f.tries} times; try again`,
  ),
  'ipam/address-assigned': errorKind(
    false,
    (f: { readonly address: string; readonly block: string; readonly handle?: string }) =>
      `Address already assigned in block ${f.block}: ${f.address}` +
      `${f.handle === undefined ? '' : ` (handle ${f.handle})`}; release it or ask for another`,
  ),
  'ipam/cooling-down': errorKind(
    true,
    (f: { readonly address: string; readonly releasedAt: string }) =>
      `${f.address} was released at ${f.releasedAt} and rests until ipCooldownSeconds have passed`,
  ),
  'ipam/not-assigned': errorKind(false, (f: { readonly address: string }) => `${f.address} is not assigned`),
  'ipam/unknown-handle': errorKind(
    false,
    (f: { readonly handle: string }) => `handle ${f.handle} does not exist: it holds no address`,
  ),
  'ipam/bad-handle': errorKind(
    false,
    (f: { readonly address: string; readonly given: string; readonly stored: string }) =>
      `${f.address} is held by handle "${f.stored}", not by "${f.given}"; it was given to someone else since`,
  ),
  'ipam/bad-sequence-number': errorKind(
    false,
    (f: { readonly address: string; readonly given: bigint; readonly stored: bigint }) =>
      `${f.address} has sequence number ${f.stored}, not ${f.given}; it was given to someone else since`,
  ),
  'ipam/max-allocations': errorKind(
    false,
    (f: { readonly handle: string; readonly limit: number }) =>
      `handle ${f.handle} may hold ${f.limit} addresses of a family and holds them already; release it first`,
  ),
  'ipam/block-claimed': errorKind(
    false,
    (f: { readonly block: string; readonly owner: string; readonly wanted: string }) =>
      `block ${f.block} is affine to ${f.owner === '' ? 'nobody' : f.owner}, not to ${f.wanted}`,
  ),
  'ipam/block-not-empty': errorKind(
    false,
    (f: { readonly block: string; readonly inUse: number }) =>
      `block ${f.block} must be empty but ${f.inUse} of its addresses are in use; release them first`,
  ),
  'ipam/block-changed': errorKind(
    true,
    (f: { readonly block: string }) => `block ${f.block} was changed since it was read`,
  ),
  'ipam/bad-block': errorKind(
    false,
    (f: { readonly block: string; readonly why: string }) =>
      `the stored block ${f.block} cannot be used: ${f.why}; see \`tortiectl ipam check\``,
  ),
  'ipam/bad-config': errorKind(
    false,
    (f: { readonly field: string; readonly why: string }) => `IPAM configuration, ${f.field}: ${f.why}`,
  ),
}

type Kinds = typeof kinds
export type IpamErrorCode = keyof Kinds
export type IpamErrorFacts<C extends IpamErrorCode> = Kinds[C] extends ErrorKind<infer F> ? F : never

/** `code` is one of the table's; the text names pool, handle or field, and the cure. */
export class IpamError<C extends IpamErrorCode = IpamErrorCode> extends TortieError<C, IpamErrorFacts<C>> {
  constructor(code: C, facts: IpamErrorFacts<C>, options?: { readonly cause?: unknown }) {
    super(code, kinds[code] as unknown as ErrorKind<IpamErrorFacts<C>>, facts, options)
  }
}

/** Narrowing test: `isIpamError(error, 'ipam/block-limit')`. */
export function isIpamError<C extends IpamErrorCode>(error: unknown, code: C): error is IpamError<C> {
  return error instanceof IpamError && error.code === code
}
