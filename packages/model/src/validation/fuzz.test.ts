import { seededRandom } from '@tortie/runtime/testing'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { AnyResource, JsonValue } from '../index.ts'
import {
  apiVersion,
  decodeResource,
  findErrors,
  formatJson,
  type Kind,
  kinds,
  ModelError,
  parseResource,
  prepareCreate,
  prepareUpdate,
  present,
  unknownFields,
  withDefaults,
} from '../index.ts'
import { anyResource, mutateData, mutateText } from '../testing/index.ts'

/** How many broken objects; a million were run when this was written. */
const count = Number(process.env.TORTIE_FUZZ_COUNT ?? 30_000)
/** The number of a case makes it: what a failure names can be run alone. */
const first = Number(process.env.TORTIE_FUZZ_FIRST ?? 0)
/** Far more than any case takes on a machine that does other things too: a hang, not a slow day. */
const longestMs = 20_000

const ports = { clock: { wallMs: () => 0 }, random: { uuid: () => 'u' } }

/** As many valid objects of each kind, so that rare kinds are broken as often as others. */
function samples(): AnyResource[] {
  const drawn = fc.sample(anyResource, { numRuns: 20_000, seed: 1 })
  return (Object.keys(kinds) as Kind[]).flatMap((kind) => drawn.filter((item) => item.kind === kind).slice(0, 40))
}

const entrances: readonly ((broken: AnyResource) => unknown)[] = [
  (broken) => findErrors(broken, { unknownFields: 'reject', operation: 'update' }),
  (broken) => unknownFields(broken),
  (broken) => prepareCreate(broken, ports),
  (broken) => prepareUpdate(broken, broken),
  (broken) => present(decodeResource(broken as unknown as JsonValue)),
  (broken) => formatJson(broken),
]

/** undefined when it was refused as it has to be: with a ModelError that says why. */
function refusedOr<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof ModelError) || error.message.length < 10) throw error
    return undefined
  }
}

function run(broken: AnyResource): void {
  for (const enter of entrances) refusedOr(() => enter(broken))
  const accepted = refusedOr(() => withDefaults(broken))
  if (accepted === undefined) return
  expect(findErrors(accepted)).toEqual([])
  const text = refusedOr(() => formatJson(accepted))
  if (text !== undefined) expect(refusedOr(() => findErrors(parseResource(text)))).toEqual([])
}

const anyOf = <T>(choices: readonly T[], next: () => number): T => choices[Math.floor(next() * choices.length)] as T

const valid = samples()
const texts = valid.map((resource) => formatJson(resource))

it('breaks objects of every kind', () => {
  expect([...new Set(valid.map(({ kind }) => kind))].sort()).toEqual(Object.keys(kinds).sort())
})

it('any broken object is refused with a ModelError, or is valid, soon', { timeout: 3_600_000 }, () => {
  let slowest = { took: 0, number: -1 }
  let accepted = 0
  for (let number = first; number < first + count; number++) {
    const { next } = seededRandom(number)
    const since = performance.now()
    try {
      if (number % 3 === 0) {
        const read = refusedOr(() => parseResource(mutateText(anyOf(texts, next), next)))
        if (read !== undefined) {
          accepted++
          run(read)
        }
      } else run(mutateData(anyOf(valid, next), next) as AnyResource)
    } catch (cause) {
      throw new Error(`case ${number} (TORTIE_FUZZ_FIRST=${number} TORTIE_FUZZ_COUNT=1)`, { cause })
    }
    const took = performance.now() - since
    if (took > slowest.took) slowest = { took, number }
  }
  expect(accepted).toBeGreaterThan(count / 100)
  expect(slowest.took, `case ${slowest.number}`).toBeLessThan(longestMs)
  if (process.env.TORTIE_FUZZ_COUNT) process.stderr.write(`slowest: ${JSON.stringify(slowest)}\n`)
})

/** What the million found, each made small. */
it.each<[string, unknown]>([
  ['a name of which no text can be made', { kind: 'Tier', apiVersion, metadata: { name: { toString: null } } }],
  ['a kind that is nested too deep to be shown', { kind: nested(20_000) }],
  ['a name that is nested too deep to be shown', { kind: 'Tier', apiVersion, metadata: { name: nested(20_000) } }],
])('%s is refused', (_what, broken) => {
  for (const enter of [...entrances.slice(0, 5), withDefaults])
    expect(refusedOr(() => enter(broken as AnyResource) && undefined)).toBeUndefined()
  expect(() => withDefaults(broken as AnyResource)).toThrow(ModelError)
})

it.each(['9007199254740992', '-12345678901234567890', '1e16'])('an order of %s is a number', (order) => {
  const text = `{"kind":"GlobalNetworkPolicy","apiVersion":"${apiVersion}","metadata":{"name":"a"},"spec":{"order":${order}}}`
  const read = parseResource(text)
  expect(read.spec).toEqual({ order: Number(order) })
  expect(withDefaults({ ...read, spec: { order: BigInt(Number(order)) } } as unknown as AnyResource).spec).toEqual({
    tier: 'default',
    order: Number(order),
  })
})

it('undefined is as good as absent, also for checks that count fields', () => {
  const node = (spec: object) => ({ kind: 'Node', apiVersion, metadata: { name: 'n' }, spec }) as unknown as AnyResource
  expect(withDefaults(node({ bgp: { ipv4Address: '10.0.0.1/8', asNumber: undefined } })).spec).toStrictEqual({
    bgp: { ipv4Address: '10.0.0.1/8' },
  })
  expect(() => withDefaults(node({ bgp: { ipv4Address: undefined } }))).toThrow('spec.bgp')
})

function nested(depth: number): unknown {
  let value: unknown = 'x'
  for (let left = depth; left > 0; left--) value = left % 2 === 0 ? [value] : { a: value }
  return value
}
