import type { Call } from '@tortie/runtime'
import type { CniResult } from '../protocol/result.ts'

/** Where a container's addresses come from. All but `allocate` are idempotent. */
export interface AddressSource {
  /** At least one address. After an error `release` is due. */
  allocate(call: Call): Promise<CniResult>
  release(call: Call): Promise<void>
  /** What is wrong with the allocation of `addresses`, in words. */
  check(addresses: readonly string[], call: Call): Promise<readonly string[]>
  /** Frees what this network gave to containers that are not in `containers`. */
  collect(containers: ReadonlySet<string>, call: Call): Promise<void>
  /** Throws when addresses cannot be given. */
  status(call: Call): Promise<void>
}
