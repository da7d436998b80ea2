import { ModelError, type ResourceOf } from '@tortie/model'
import type { Call } from '@tortie/runtime'
import { describeKey } from '../errors.ts'
import { keyOf } from '../key-of.ts'
import type { ClientContext } from './ports.ts'

/** Every filter that a peer names must be there (spec 01 §1.14). @throws ModelError model/invalid that names the others */
export async function checkFiltersExist(
  { datastore }: ClientContext,
  peer: ResourceOf<'BGPPeer'>,
  call: Call,
): Promise<void> {
  const { filters = [] } = peer.spec
  if (filters.length === 0) return
  const { items } = await datastore.list({ kind: 'BGPFilter' }, call)
  const names = new Set(items.map(({ metadata }) => metadata.name))
  const missing = filters.filter((name) => !names.has(name))
  if (missing.length === 0) return
  const subject = describeKey(keyOf<'BGPPeer'>(peer))
  const reason = 'BGPFilter(s) not found; create them first'
  throw new ModelError('model/invalid', { subject, fields: [{ path: 'spec.filters', value: missing, reason }] })
}
