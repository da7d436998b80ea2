import { Reader, Writer } from './wire.ts'

/** How a value lies on the wire. `T` is what is read; `G` is what may be given to write it. */
export interface Type<T, G = T> {
  readonly wire: 0 | 2
  /** What a field holds that is absent. */
  readonly zero: T
  read(reader: Reader): T
  write(writer: Writer, value: G): void
}

/** `told` and `given` are never there: they carry the types. */
export interface Field<T, G> {
  readonly id: number
  readonly type: Type<unknown, never>
  readonly repeated: boolean
  readonly told?: T
  readonly given?: G
}

type Fields = Readonly<Record<string, Field<unknown, unknown>>>
/** A message as read: scalars that are absent are zero, messages undefined, repeated fields empty. */
export type Told<F> = { readonly [N in keyof F]: F[N] extends Field<infer T, infer _> ? T : never }
/** A message to write: what is given is written, zero too; what is not given or undefined is left out. */
export type Given<F> = { readonly [N in keyof F]?: F[N] extends Field<infer _, infer G> ? G | undefined : never }

export interface Message<T, G> extends Type<T | undefined, G> {
  encode(value: G): Buffer
  /** Unknown fields are skipped. @throws RangeError for bytes that are no such message */
  decode(bytes: Buffer): T
}

export const bool: Type<boolean> = {
  wire: 0,
  zero: false,
  read: (reader) => reader.varint() !== 0,
  write: (writer, value) => writer.varint(value ? 1 : 0),
}
/** Enums and other small non-negative numbers. */
export const small: Type<number> = {
  wire: 0,
  zero: 0,
  read: (reader) => reader.varint(),
  write: (writer, value) => writer.varint(value),
}
/** 64 bits as decimal text: revisions and ids go beyond 2^53. */
export const int64: Type<string> = {
  wire: 0,
  zero: '0',
  read: (reader) => reader.int64(),
  write: (writer, value) => writer.int64(value),
}
export const text: Type<string> = {
  wire: 2,
  zero: '',
  read: (reader) => reader.text(),
  write: (writer, value) => writer.text(value),
}
/** Views of the message that was read: copy what is kept. */
export const bytes: Type<Buffer, string | Uint8Array> = {
  wire: 2,
  zero: Buffer.alloc(0),
  read: (reader) => reader.delimited(),
  write: (writer, value) => (typeof value === 'string' ? writer.text(value) : writer.delimited(value)),
}

export function field<T, G>(id: number, type: Type<T, G>): Field<T, G> {
  return { id, type, repeated: false }
}

export function repeated<T, G>(id: number, type: Type<T, G>): Field<readonly NonNullable<T>[], readonly G[]> {
  return { id, type, repeated: true }
}

interface Row {
  readonly name: string
  readonly field: Field<unknown, unknown>
}

/** A message by its table of fields. Fields that we do not use need no row. */
export function message<F extends Fields>(fields: F): Message<Told<F>, Given<F>> {
  const rows: readonly Row[] = Object.entries(fields).map(([name, field]) => ({ name, field }))
  const byId: Row[] = []
  for (const row of rows) byId[row.field.id] = row
  const lists = rows.filter(({ field }) => field.repeated).map(({ name }) => name)
  const zero = Object.fromEntries(rows.map(({ name, field }) => [name, field.repeated ? [] : field.type.zero]))

  const readUntil = (reader: Reader, end: number): Told<F> => {
    const value: Record<string, unknown> = { ...zero }
    for (const name of lists) value[name] = []
    const outer = reader.end
    reader.end = end
    while (reader.at < end) {
      const tag = reader.varint()
      const row = byId[tag >>> 3]
      if (row === undefined || row.field.type.wire !== (tag & 7)) reader.skip(tag & 7)
      else if (row.field.repeated) (value[row.name] as unknown[]).push(row.field.type.read(reader))
      else value[row.name] = row.field.type.read(reader)
    }
    reader.end = outer
    return value as Told<F>
  }
  const encode = (given: Given<F>): Buffer => {
    const writer = new Writer()
    for (const { name, field } of rows) {
      const value: unknown = given[name]
      if (value === undefined) continue
      for (const one of field.repeated ? (value as readonly unknown[]) : [value]) {
        writer.varint((field.id << 3) | field.type.wire)
        field.type.write(writer, one as never)
      }
    }
    return writer.done()
  }
  return {
    wire: 2,
    zero: undefined,
    read: (reader) => readUntil(reader, reader.delimitedEnd()),
    write: (writer, value) => writer.delimited(encode(value)),
    encode,
    decode: (bytes) => readUntil(new Reader(bytes), bytes.length),
  }
}
