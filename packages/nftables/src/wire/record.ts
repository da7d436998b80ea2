import { attributeType, type MessageWriter, nextAttribute } from '@tortie/netlink'
import { NftablesError } from '../errors.ts'
import { valueEnd } from './attribute.ts'
import type { Field } from './field.ts'

/** The fields of a message or nested attribute, by the names of the value's properties. */
export type Fields<T> = { readonly [K in keyof T]-?: Field<T[K]> }

/** A set of attributes as a plain object: one table serves writing and reading. */
export interface RecordFormat<T extends object> {
  /** Writes the properties that are there, in the order of the table. */
  write(writer: MessageWriter, value: T): void
  /** @throws NftablesError `nftables/malformed` when a property that is not optional is missing */
  read(view: DataView, start: number, end: number): T
}

/**
 * @param what named in errors
 * @param constants properties that every value has, such as its `kind`
 */
export function recordFormat<T extends object, C extends object = object>(
  what: string,
  fields: Fields<Omit<T, keyof C>>,
  constants: C,
): RecordFormat<T> {
  const rows = Object.entries(fields as Record<string, Field<unknown>>).map(([name, row]) => ({ name, ...row }))
  const byType: ((typeof rows)[number] | undefined)[] = []
  for (const row of rows) byType[row.type] = row
  const required = rows.filter((row) => !row.optional)
  return {
    write(writer, value) {
      const record = value as Record<string, unknown>
      for (const { name, type, format } of rows) {
        const property = record[name]
        if (property !== undefined) format.write(writer, type, property)
      }
    },
    read(view, start, end) {
      const record = { ...constants } as Record<string, unknown>
      for (let at = start; at < end; at = nextAttribute(view, at, end)) {
        const row = byType[attributeType(view, at)]
        if (row === undefined) continue
        const property = row.format.read(view, at + 4, valueEnd(view, at, end))
        if (property !== undefined) record[row.name] = property
      }
      for (const { name } of required)
        if (record[name] === undefined)
          throw new NftablesError('nftables/malformed', { what: `${what} without ${name}` })
      return record as T
    },
  }
}
