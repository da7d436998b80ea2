import { isRefusal, type RefusalError, type Request } from '@tortie/netlink'
import { HostnetError } from './errors.ts'
import type { Changes } from './plan/changes.ts'
import { routeKey } from './plan/route-key.ts'

export interface Refused {
  readonly error: RefusalError
  readonly request: Request | undefined
}

const staleErrnos = ['EEXIST', 'ENODEV', 'ENETDOWN', 'ENOENT', 'ESRCH']
const unusableErrnos = ['ENETUNREACH', 'EHOSTUNREACH', 'ENETDOWN', 'ENODEV']

/** The plan was made for devices or routes that are not so any more: read again. */
export function isStale({ error }: Refused): boolean {
  return staleErrnos.some((name) => isRefusal(error, name))
}

/** A route whose gateway or device cannot be used now waits; it is tried again in each round. */
export function waits({ error, request }: Refused): boolean {
  const unusable = unusableErrnos.some((name) => isRefusal(error, name))
  return unusable && request?.kind === 'route' && request.verb !== 'delete'
}

/** The changes, with what the kernel will not take now among what waits. */
export function withRefused(changes: Changes, refused: readonly Refused[]): Changes {
  const pending = new Map(changes.pending)
  for (const { error, request } of refused.filter(waits))
    if (request?.kind === 'route') pending.set(routeKey(request.route), { dst: request.route.dst, why: error.message })
  return { ...changes, pending }
}

/** @throws HostnetError for the first refusal that waiting will not cure */
export function throwRefused(refused: readonly Refused[]): void {
  const serious = refused.filter((each) => !waits(each))
  const [first] = serious
  if (!first) return
  const facts = { count: serious.length, first: first.error.message }
  throw new HostnetError('hostnet/refused', facts, { cause: first.error })
}
