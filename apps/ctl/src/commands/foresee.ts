import { isDeepStrictEqual } from 'node:util'
import { describeKey, isDatastoreError, keyOf } from '@tortie/datastore'
import type { AnyResource } from '@tortie/model'
import type { CommandContext } from '../shell.ts'

/** What a write on a store that is only tried would do to one object. */
export interface Foreseen {
  /** `NetworkPolicy(shop/allow-dns)`. */
  readonly what: string
  /** undefined when it is not there. */
  readonly before: AnyResource | undefined
  readonly after: AnyResource | undefined
}

/** Compares what is stored with what a try has written. @param resource only its kind and metadata count */
export async function foresee(
  resource: AnyResource,
  { connection, call }: Pick<CommandContext, 'connection' | 'call'>,
): Promise<Foreseen> {
  const key = keyOf(resource)
  const [before, after] = await Promise.all(
    [connection.stored, connection.client].map((client) =>
      client
        .of(key.kind)
        .get(key, call)
        .catch((error: unknown) => {
          if (isDatastoreError(error, 'DoesNotExist')) return undefined
          throw error
        }),
    ),
  )
  return { what: describeKey(key), before, after }
}

/** `would change IPPool(p)`. */
export function formatForeseen({ what, before, after }: Foreseen): string {
  if (after === undefined) return `would delete ${what}\n`
  if (before === undefined) return `would create ${what}\n`
  return isSame(before, after) ? `would leave ${what} as it is\n` : `would change ${what}\n`
}

export const dryRunNote = 'Dry run: nothing was written.\n'

/** The revision apart. */
function isSame(a: AnyResource, b: AnyResource): boolean {
  return isDeepStrictEqual(withoutRevision(a), withoutRevision(b))
}

function withoutRevision({ metadata, ...rest }: AnyResource): unknown {
  const { resourceVersion: _, ...kept } = metadata
  return { ...rest, metadata: kept }
}
