import type { Datastore } from '@tortie/datastore'
import type { Call } from '@tortie/runtime'

/** Whose allocations to look for. */
export interface HandleSelection {
  readonly network: string
  readonly node: string
  /** Ids of containers that keep theirs. */
  readonly except: ReadonlySet<string>
}

/** Handles by which containers of this node hold addresses of this network. Virtual machines outlive containers. */
export async function handlesOf(
  store: Datastore,
  { network, node, except }: HandleSelection,
  call: Call,
): Promise<ReadonlySet<string>> {
  const { items } = await store.list({ kind: 'IPAMBlock' }, call)
  const found = new Set<string>()
  for (const { spec } of items)
    for (const { handle_id: handle = '', secondary = {} } of spec.attributes) {
      const container = handle.startsWith(`${network}.`) ? handle.slice(network.length + 1) : undefined
      if (container === undefined || secondary.node !== node || secondary['vmi-name'] !== undefined) continue
      if (!except.has(container)) found.add(handle)
    }
  return found
}
