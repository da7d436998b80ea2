import type { AsPath } from './as-path.ts'
import * as field from './attribute-fields.ts'
import type { FaultAction } from './fault.ts'
import { AttributeFlag, AttributeType, UpdateSubcode } from './iana.ts'
import type { WireOptions } from './options.ts'
import type { ByteWriter } from './writer.ts'

/** An attribute that has no row: kept when optional and transitive, with the partial flag, to be passed on. */
export interface UnknownAttribute {
  readonly flags: number
  readonly type: number
  readonly value: Uint8Array
}

/** The attributes that the prefixes of one UPDATE share. Addresses are canonical text; communities are numbers. */
export interface PathAttributes {
  readonly origin?: 0 | 1 | 2
  readonly asPath?: AsPath
  /** IPv4; of the prefixes in MP_REACH_NLRI the next hop is there. */
  readonly nextHop?: string
  /** MULTI_EXIT_DISC. */
  readonly med?: number
  /** Absent means 100 (RFC 4271 leaves it to us). */
  readonly localPref?: number
  readonly atomicAggregate?: true
  readonly aggregator?: field.Aggregator
  readonly communities?: readonly number[]
  /** IPv4 text, as all identifiers. */
  readonly originatorId?: string
  readonly clusterList?: readonly string[]
  /** Each 8 octets as one unsigned number. */
  readonly extendedCommunities?: readonly bigint[]
  readonly aigp?: bigint
  readonly largeCommunities?: readonly field.LargeCommunity[]
  /** Only To Customer, an AS number (RFC 9234). */
  readonly otc?: number
  readonly unknown?: readonly UnknownAttribute[]
}

/** As on the wire: with what a 2-octet speaker carries in addition. */
export interface WireAttributes extends PathAttributes {
  readonly as4Path?: AsPath
  readonly as4Aggregator?: field.Aggregator
}

type FieldName = Exclude<keyof WireAttributes, 'unknown'>
export type AttributeValues = { -readonly [K in keyof WireAttributes]: WireAttributes[K] }

export interface AttributeRow {
  readonly name: string
  readonly type: number
  /** The optional and transitive bits that it must have. */
  readonly flags: number
  readonly onError: FaultAction
  /** Thrown away unread when an external peer sends it: RFC 7606 §7.5, 7.9, 7.10. */
  readonly internalOnly: boolean
  /** Puts the value into `into`; else the subcode of RFC 4271 §6.3 that says why not. */
  readonly decode: (into: AttributeValues, value: Uint8Array, options: WireOptions) => number | undefined
  /** Writes the value alone; false when there is none to write. */
  readonly encode: (writer: ByteWriter, attributes: WireAttributes, options: WireOptions) => boolean
}

type Traits = Partial<Pick<AttributeRow, 'onError' | 'internalOnly'>> & { readonly malformed?: number }

function row<K extends FieldName>(
  name: keyof typeof AttributeType,
  flags: number,
  key: K,
  { fits, read, write }: field.Field<NonNullable<WireAttributes[K]>>,
  { onError = 'treat-as-withdraw', internalOnly = false, malformed = UpdateSubcode.optionalAttribute }: Traits = {},
): AttributeRow {
  return {
    name,
    type: AttributeType[name],
    flags,
    onError,
    internalOnly,
    decode: (into, bytes, options) => {
      if (!fits(bytes.length, options)) return UpdateSubcode.attributeLength
      const value = read(bytes, options)
      if (value === undefined) return malformed
      into[key] = value as AttributeValues[K]
      return undefined
    },
    encode: (writer, attributes, options) => {
      const value = attributes[key]
      // An empty list of communities or clusters is malformed (RFC 7606 §7); an empty AS_PATH is not.
      if (value === undefined || (Array.isArray(value) && value.length === 0 && key !== 'asPath')) return false
      write(writer, value, options)
      return true
    },
  }
}

const wellKnown = AttributeFlag.transitive
const optional = AttributeFlag.optional
const transitive = AttributeFlag.optional | AttributeFlag.transitive
const discard = { onError: 'attribute-discard' } as const
const internal = { internalOnly: true } as const

/** In the order in which they are sent: ascending by type (RFC 4271 §5). A new attribute is one row. */
export const attributeRows: readonly AttributeRow[] = [
  row('ORIGIN', wellKnown, 'origin', field.origin, { malformed: UpdateSubcode.invalidOrigin }), // RFC 7606 §7.1
  row('AS_PATH', wellKnown, 'asPath', field.asPath, { malformed: UpdateSubcode.malformedAsPath }), // §7.2
  row('NEXT_HOP', wellKnown, 'nextHop', field.ipv4), // §7.3
  row('MULTI_EXIT_DISC', optional, 'med', field.u32), // §7.4
  row('LOCAL_PREF', wellKnown, 'localPref', field.u32, internal), // §7.5
  row('ATOMIC_AGGREGATE', wellKnown, 'atomicAggregate', field.nothing, discard), // §7.6
  row('AGGREGATOR', transitive, 'aggregator', field.aggregator, discard), // §7.7
  row('COMMUNITIES', transitive, 'communities', field.communities), // §7.8
  row('ORIGINATOR_ID', optional, 'originatorId', field.ipv4, internal), // §7.9
  row('CLUSTER_LIST', optional, 'clusterList', field.ipv4List, internal), // §7.10
  row('EXTENDED_COMMUNITIES', transitive, 'extendedCommunities', field.extendedCommunities), // §7.14
  row('AS4_PATH', transitive, 'as4Path', field.as4Path, discard), // RFC 6793 §6
  row('AS4_AGGREGATOR', transitive, 'as4Aggregator', field.as4Aggregator, discard), // RFC 6793 §6
  row('AIGP', optional, 'aigp', field.aigp, discard), // RFC 7311 §3.3
  row('LARGE_COMMUNITY', transitive, 'largeCommunities', field.largeCommunities), // RFC 8092 §6
  row('OTC', transitive, 'otc', field.u32), // RFC 9234 §5
]

/** The row of each type that has one. */
export const attributeRowByType: ReadonlyMap<number, AttributeRow> = new Map(attributeRows.map((r) => [r.type, r]))
