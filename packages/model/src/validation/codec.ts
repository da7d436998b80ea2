import { ModelError } from '../errors.ts'
import { formatJson, type JsonValue, parseJson } from '../json/json.ts'
import type { IPAMBlock } from '../kinds/ipam.ts'
import type { AnyResource } from '../kinds/kind.ts'
import { apiVersion } from '../kinds/resource.ts'
import { describe, isFields, kindOf } from './subject.ts'

/**
 * An object out of JSON: kind and shape down to metadata and spec are checked, nothing else; for more, `validate`. An
 * absent spec is empty. Sequence numbers of an IPAMBlock become bigint, orders numbers.
 * @throws ModelError `model/unknown-kind`, `model/invalid`
 */
export function decodeResource(value: JsonValue): AnyResource {
  const kind = kindOf(value)
  const object = value as Readonly<Record<string, unknown>>
  const { metadata, spec } = object
  const wrong = (path: string, found: unknown, reason: string): never => {
    throw new ModelError('model/invalid', { subject: describe(value), fields: [{ path, value: found, reason }] })
  }
  if (object.apiVersion !== apiVersion) wrong('apiVersion', object.apiVersion, `must be ${apiVersion}`)
  if (!isFields(metadata)) return wrong('metadata', metadata, 'must be an object with a name')
  if (typeof metadata.name !== 'string') wrong('metadata.name', metadata.name, 'must be text')
  if (spec !== undefined && spec !== null && !isFields(spec)) return wrong('spec', spec, 'must be an object')
  const decoded = kind === 'IPAMBlock' ? decodeBlockSpec(spec ?? {}) : decodeOrder(spec ?? {})
  return (decoded === spec ? object : { ...object, spec: decoded }) as unknown as AnyResource
}

/** `decodeResource` of text. @throws ModelError also `model/bad-json` */
export function parseResource(text: string): AnyResource {
  return decodeResource(parseJson(text))
}

/** One line of JSON, digit for digit. */
export function formatResource(resource: AnyResource): string {
  return formatJson(resource)
}

/** `order` is the one field that is a floating point number: its integers beyond 2^53 are no bigint. */
export function decodeOrder(spec: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return typeof spec.order === 'bigint' ? { ...spec, order: Number(spec.order) } : spec
}

/** Sequence numbers as bigint, and Go's null for a list without entries as such (spec 03 §1.1). */
export function decodeBlockSpec(spec: Readonly<Record<string, unknown>>): IPAMBlock['spec'] {
  const { sequenceNumber, sequenceNumberForAllocation: perOrdinal } = spec
  return {
    ...spec,
    attributes: spec.attributes ?? [],
    unallocated: spec.unallocated ?? [],
    sequenceNumber: toBigInt(sequenceNumber ?? 0),
    ...(isFields(perOrdinal) && { sequenceNumberForAllocation: withBigInts(perOrdinal) }),
    deleted: spec.deleted ?? false,
  } as IPAMBlock['spec']
}

/** PERF: nearly always all of them are beyond 2^53 and so bigint already. */
function withBigInts(numbers: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  if (Object.values(numbers).every((number) => typeof number === 'bigint')) return numbers
  return Object.fromEntries(Object.entries(numbers).map(([ordinal, number]) => [ordinal, toBigInt(number)]))
}

/** What is no integer stays as it is, for the validation to refuse. */
function toBigInt(value: unknown): unknown {
  return typeof value === 'number' && Number.isInteger(value) ? BigInt(value) : value
}
