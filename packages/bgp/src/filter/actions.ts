import { type AsPath, prependAs } from '../message/as-path.ts'
import type { LargeCommunity } from '../message/attribute-fields.ts'
import type { PathAttributes } from '../message/path-attributes.ts'
import { carries, sameCommunity } from './conditions.ts'
import type { Action } from './filter.ts'

/** What actions change: the attributes, and the preference among sources when one set it. */
export interface Changed {
  readonly attributes: PathAttributes
  readonly preference?: number
}

type Rows = {
  readonly [K in Action['do']]: (changed: Changed, action: Extract<Action, { readonly do: K }>) => Changed
}

const rows: Rows = {
  addCommunity: (changed, { community }) =>
    carries(changed.attributes, community) ? changed : withCommunities(changed, community, 'add'),
  removeCommunity: (changed, { community }) =>
    carries(changed.attributes, community) ? withCommunities(changed, community, 'remove') : changed,
  prependAsPath: (changed, { asns }) => set(changed, { asPath: prepended(changed.attributes.asPath ?? [], asns) }),
  setLocalPref: (changed, { value }) => set(changed, { localPref: value }),
  setMed: (changed, { value }) => set(changed, { med: value }),
  setPreference: (changed, { value }) => ({ ...changed, preference: value }),
}

/** The outcome of `actions` in order; the identical `attributes` object when they change none. */
export function applyActions(actions: readonly Action[], changed: Changed): Changed {
  let result = changed
  for (const action of actions)
    result = (rows[action.do] as (changed: Changed, action: Action) => Changed)(result, action)
  return result
}

/** Whether two sets that differ at most by actions are equal in value. */
export function sameAttributes(a: PathAttributes, b: PathAttributes): boolean {
  return a === b || changeable(a) === changeable(b)
}

const changeable = ({ asPath, localPref, med, communities, largeCommunities }: PathAttributes): string =>
  JSON.stringify([asPath, localPref, med, communities, largeCommunities])

function set(changed: Changed, fields: Partial<PathAttributes>): Changed {
  return { ...changed, attributes: { ...changed.attributes, ...fields } }
}

function prepended(path: AsPath, asns: readonly number[]): AsPath {
  return asns.reduceRight<AsPath>((result, as) => prependAs(result, as), path)
}

/** Lists stay sorted once changed, so that the order of statements does not make equal sets different. */
function withCommunities(changed: Changed, community: number | LargeCommunity, how: 'add' | 'remove'): Changed {
  const { communities, largeCommunities, ...rest } = changed.attributes
  const edit = <C extends number | LargeCommunity>(held: readonly C[] = [], one: C): C[] =>
    how === 'add' ? [...held, one].sort(compareCommunities) : held.filter((each) => !sameCommunity(each, one))
  const plain = typeof community === 'number' ? edit(communities, community) : communities
  const large = typeof community === 'number' ? largeCommunities : edit(largeCommunities, community)
  return {
    ...changed,
    attributes: {
      ...rest,
      ...(plain?.length && { communities: plain }),
      ...(large?.length && { largeCommunities: large }),
    },
  }
}

function compareCommunities(a: number | LargeCommunity, b: number | LargeCommunity): number {
  if (typeof a === 'number' || typeof b === 'number') return Number(a) - Number(b)
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2]
}
