import { viewOf } from '../message/writer.ts'
import { decodeMrt, mrtHeaderSize } from './decode.ts'
import type { MrtRecord } from './record.ts'

/** More than any real record; a longer one is a file that is no MRT. */
const longestRecord = 64 << 20

/**
 * Reads a file as it comes, e.g. a stream of Node. Holds one record and one chunk at a time. Ends with a `malformed`
 * record when the rest makes no sense or is cut short.
 */
export async function* readMrt(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): AsyncGenerator<MrtRecord> {
  let parts: Uint8Array[] = []
  let held = 0
  let wanted = mrtHeaderSize
  for await (const chunk of chunks) {
    parts.push(chunk)
    held += chunk.length
    if (held < wanted) continue
    const bytes = joined(parts, held)
    let at = 0
    for (; sizeOf(bytes, at) <= bytes.length - at; at += sizeOf(bytes, at))
      yield decodeMrt(bytes.subarray(at, at + sizeOf(bytes, at)))
    parts = [bytes.slice(at)]
    held = bytes.length - at
    wanted = sizeOf(bytes, at)
    if (wanted > longestRecord) break
  }
  if (held > 0) yield rest(joined(parts, held))
}

/** Octets of the record at `at`, as far as that is known. */
function sizeOf(bytes: Uint8Array, at: number): number {
  if (bytes.length - at < mrtHeaderSize) return mrtHeaderSize
  return mrtHeaderSize + viewOf(bytes).getUint32(at + 8)
}

function joined(parts: readonly Uint8Array[], size: number): Uint8Array {
  const [only] = parts
  if (only && parts.length === 1) return only
  const whole = new Uint8Array(size)
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

function rest(body: Uint8Array): MrtRecord {
  return { kind: 'malformed', timeUs: 0, type: 0, subtype: 0, body, why: 'the file ends, or makes no sense, here' }
}
