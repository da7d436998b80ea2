import type { Family } from '@tortie/ip'
import type { Call } from '@tortie/runtime'
import type { BgpRoute } from './control.ts'

/** What may be too long for one answer: made while it is taken, so that sessions go on meanwhile. */
export interface BgpTables {
  /** Every path of every prefix, some hundreds at a time; see `BgpControl.routes`. */
  walk(question: { readonly family: Family }, call: Call): AsyncIterable<readonly BgpRoute[]>
  /** Every accepted path as MRT TABLE_DUMP_V2 (RFC 6396). */
  dump(call: Call): AsyncIterable<Uint8Array>
}

export interface BgpStream {
  readonly contentType: string
  readonly chunks: AsyncIterable<string | Uint8Array>
}

/**
 * The long answers: `GET /dump`, and `GET /routes?family=4` for all prefixes as a JSON array. Undefined for all other
 * questions, which `answerBgp` answers. @param url path and query
 */
export function streamBgp(tables: BgpTables, method: string, url: string, call: Call): BgpStream | undefined {
  const asked = URL.parse(url, 'http://bgp')
  if (!asked || method !== 'GET') return undefined
  if (asked.pathname === '/dump') return { contentType: 'application/octet-stream', chunks: tables.dump(call) }
  const family = asked.searchParams.get('family')
  if (asked.pathname !== '/routes' || asked.searchParams.has('prefix') || (family !== '4' && family !== '6'))
    return undefined
  const routes = tables.walk({ family: family === '4' ? 4 : 6 }, call)
  return { contentType: 'application/json', chunks: jsonArray(routes) }
}

/** One element a line. */
async function* jsonArray(batches: AsyncIterable<readonly unknown[]>): AsyncGenerator<string> {
  let before = '[\n'
  for await (const batch of batches) {
    if (batch.length === 0) continue
    yield before + batch.map((one) => JSON.stringify(one)).join(',\n')
    before = ',\n'
  }
  yield before === '[\n' ? '[]\n' : '\n]\n'
}
