import type { AsPath } from '../message/as-path.ts'
import type { LargeCommunity } from '../message/attribute-fields.ts'
import { SegmentType } from '../message/iana.ts'
import type { PathAttributes } from '../message/path-attributes.ts'
import type { Match, RouteSource } from './filter.ts'

/** What a statement sees of a route besides its prefix and attributes. */
export interface FilterContext {
  readonly source: RouteSource
  readonly peerType: 'internal' | 'external'
  /** Outgoing interface, when the route has one. */
  readonly interface?: string
  /** Whether the route goes to a router; absent is no. */
  readonly gateway?: boolean
}

export type Test<T> = (subject: T) => boolean
type Rows<K extends keyof Match, T> = { readonly [F in K]: (wanted: NonNullable<Match[F]>) => Test<T> }

/** LOCAL_PREF of a route that carries none (RFC 4271 leaves it to us). */
export const defaultLocalPref = 100

/** Conditions that depend neither on the prefix nor on the attributes, by field of `Match`. */
export const contextTests: Rows<'sources' | 'interfaces' | 'gateway' | 'peerType', FilterContext> = {
  sources: (wanted) => (context) => wanted.includes(context.source),
  interfaces: (globs) => {
    const tests = globs.map(globTest)
    return ({ interface: name }) => name !== undefined && tests.some((test) => test(name))
  },
  gateway:
    (wanted) =>
    ({ gateway = false }) =>
      gateway === wanted,
  peerType: (wanted) => (context) => context.peerType === wanted,
}

/** Conditions on the attributes as earlier statements left them, by field of `Match`. */
export const attributeTests: Rows<'communities' | 'asPathPrefix' | 'localPref', PathAttributes> = {
  communities: (wanted) => (attributes) => wanted.every((community) => carries(attributes, community)),
  asPathPrefix: (wanted) => (attributes) => beginsWith(attributes.asPath ?? [], wanted),
  localPref:
    ({ min = 0, max = Number.POSITIVE_INFINITY }) =>
    ({ localPref = defaultLocalPref }) =>
      min <= localPref && localPref <= max,
}

/** The tests of those fields of `match` that `rows` has, in the order of `rows`. */
export function testsOf<K extends keyof Match, T>(rows: Rows<K, T>, match: Match): Test<T>[] {
  return (Object.keys(rows) as K[]).flatMap((field) => {
    const wanted = match[field]
    return wanted === undefined ? [] : [rows[field](wanted as NonNullable<Match[K]>)]
  })
}

/** `*` stands for any characters; everything else for itself. */
export function globTest(glob: string): Test<string> {
  const pattern = glob.split('*').map((text) => text.replace(/[\\^$.|?+()[\]{}]/g, '\\$&'))
  const regex = new RegExp(`^${pattern.join('.*')}$`, 's')
  return (name) => regex.test(name)
}

export function sameCommunity(a: number | LargeCommunity, b: number | LargeCommunity): boolean {
  if (typeof a === 'number' || typeof b === 'number') return a === b
  return a[0] === b[0] && a[1] === b[1] && a[2] === b[2]
}

export function carries(attributes: PathAttributes, community: number | LargeCommunity): boolean {
  return typeof community === 'number'
    ? (attributes.communities?.includes(community) ?? false)
    : (attributes.largeCommunities?.some((held) => sameCommunity(held, community)) ?? false)
}

/** An AS_SET is one element that equals any of its members, as in BIRD; confederation segments are not seen. */
function beginsWith(path: AsPath, wanted: readonly number[]): boolean {
  let at = 0
  for (const { type, asns } of path) {
    if (at === wanted.length) return true
    if (type === SegmentType.AS_SET) {
      if (!asns.includes(wanted[at] ?? -1)) return false
      at++
    } else if (type === SegmentType.AS_SEQUENCE)
      for (const as of asns) {
        if (at === wanted.length) return true
        if (as !== wanted[at]) return false
        at++
      }
  }
  return at === wanted.length
}
