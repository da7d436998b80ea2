import {
  type Direction,
  deltaBetween,
  emptyNat,
  emptyProgram,
  type Flow,
  interpret,
  type PolicyDataplane,
  type PolicyProgram,
  type Verdict,
} from '@tortie/dataplane'
import { arbitraryFlow, arbitraryProgram, localParties } from '@tortie/dataplane/testing/arbitraries'
import { createNftDataplane } from '@tortie/dataplane-nft'
import { openNetlink } from '@tortie/linux'
import { createPolicyEngine, createPolicyState, evaluate } from '@tortie/policy'
import { arbitraryUniverse, localPods } from '@tortie/policy/testing'
import { type Call, silentLog, silentMeter } from '@tortie/runtime'
import { systemClock } from '@tortie/runtime/system'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createPacketWorld, interfaceOf, type PacketWorld, type Sent } from './packet-world.ts'

const call: Call = { signal: new AbortController().signal }
let world: PacketWorld
let dataplane: PolicyDataplane
let applied: PolicyProgram = emptyProgram

beforeAll(() => {
  world = createPacketWorld()
  dataplane = createNftDataplane({
    transport: openNetlink({ protocol: 12, netns: world.host }),
    clock: systemClock,
    log: silentLog,
    meter: silentMeter,
  })
})
afterAll(async () => {
  await dataplane[Symbol.asyncDispose]()
  world[Symbol.dispose]()
})

async function apply(program: PolicyProgram): Promise<void> {
  await dataplane.apply(deltaBetween(applied, program), emptyNat, call)
  applied = program
}

/** Endpoint ids by interface. */
type Names = ReadonlyMap<string, string>
const programNames: Names = new Map(localParties.map((party) => [party.interface, party.name]))
const podNames: Names = new Map(localPods.map((pod) => [pod.interface, pod.id]))

/** Which endpoints are asked about a packet that the host forwards, in order. */
function questions(names: Names, { flow, by }: Sent): { endpoint: string; direction: Direction }[] {
  const from = names.get(by)
  const to = names.get(interfaceOf(flow.destination))
  return [
    ...(from === undefined ? [] : [{ endpoint: from, direction: 'egress' as const }]),
    ...(to === undefined ? [] : [{ endpoint: to, direction: 'ingress' as const }]),
  ]
}

type Oracle = (endpoint: string, direction: Direction, flow: Flow) => Verdict

function passes(names: Names, sent: Sent, oracle: Oracle): boolean {
  return questions(names, sent).every(({ endpoint, direction }) => oracle(endpoint, direction, sent.flow) === 'allow')
}

/**
 * Flows that the host takes for new ones whatever went before: no other is the same or the answer to one. What tunnel
 * ports and addresses of other families do is the driver's own affair.
 */
function independent(flows: readonly Sent[]): Sent[] {
  const seen = new Set<string>()
  return flows.filter(({ flow: { source, destination, protocol, sourcePort, destinationPort } }) => {
    const forth = `${protocol} ${source} ${sourcePort} ${destination} ${destinationPort}`
    const back = `${protocol} ${destination} ${destinationPort} ${source} ${sourcePort}`
    if (seen.has(forth) || seen.has(back)) return false
    seen.add(forth)
    return true
  })
}

const arbitrarySent = (): fc.Arbitrary<Sent> =>
  fc.tuple(arbitraryFlow(), fc.integer({ min: 1, max: 60 })).map(([flow, spoof]) => {
    const local = localParties[spoof % 20]
    return { flow, by: local && spoof > 40 ? local.interface : interfaceOf(flow.source) }
  })

const manyFlows = fc.array(arbitrarySent(), { minLength: 60, maxLength: 60 }).map(independent)

/** What the packets did, once more for those that were lost against expectation: the machine may be busy. */
async function deliver(sent: readonly Sent[], expected: readonly boolean[]): Promise<boolean[]> {
  world.forget()
  const arrived = await world.deliver(sent)
  const lost = [...sent.keys()].filter((index) => expected[index] && !arrived[index])
  for (const index of lost) arrived[index] = (await world.deliver([sent[index]!]))[0] ?? false
  return arrived
}

function differences(sent: readonly Sent[], expected: readonly boolean[], arrived: readonly boolean[]): string[] {
  return sent.flatMap((one, index) =>
    arrived[index] === expected[index] ? [] : [`${arrived[index] ? 'passed' : 'dropped'}: ${JSON.stringify(one)}`],
  )
}

interface Tally {
  cases: number
  allowed: number
  spoofed: number
}

it('packets do what interpret() says, of any program', async () => {
  const tally: Tally = { cases: 0, allowed: 0, spoofed: 0 }
  await fc.assert(
    fc.asyncProperty(arbitraryProgram(), manyFlows, async (program, sent) => {
      await apply(program)
      const expected = sent.map((one) => passes(programNames, one, (...asked) => interpret(program, ...asked).verdict))
      expect(differences(sent, expected, await deliver(sent, expected))).toEqual([])
      count(tally, sent, expected)
    }),
    { numRuns: 100 },
  )
  expectMeaning(tally, 4000)
})

it('packets do what evaluate() and interpret() say, of any policies and endpoints', async () => {
  const tally: Tally = { cases: 0, allowed: 0, spoofed: 0 }
  await fc.assert(
    fc.asyncProperty(arbitraryUniverse(), manyFlows, async (universe, sent) => {
      const engine = createPolicyEngine({ ...universe, log: silentLog })
      engine.apply(universe.resources.map((item) => ({ type: 'put', item })))
      engine.flush()
      const program = engine.program()
      const state = createPolicyState(universe.resources, universe)
      await apply(program)
      const expected = sent.map((one) =>
        passes(podNames, one, (endpoint, direction, flow) => evaluate(state, { endpoint, direction, flow }).verdict),
      )
      const byInterpreter = sent.map((one) =>
        passes(podNames, one, (endpoint, ...asked) =>
          program.endpoints.has(endpoint) ? interpret(program, endpoint, ...asked).verdict : 'deny',
        ),
      )
      expect(byInterpreter).toEqual(expected)
      expect(differences(sent, expected, await deliver(sent, expected))).toEqual([])
      count(tally, sent, expected)
    }),
    { numRuns: 100 },
  )
  expectMeaning(tally, 4000)
})

function count(tally: Tally, sent: readonly Sent[], expected: readonly boolean[]): void {
  tally.cases += sent.length
  tally.allowed += expected.filter(Boolean).length
  tally.spoofed += sent.filter(({ flow, by }) => by !== interfaceOf(flow.source)).length
}

/** Enough cases, of every sort. */
function expectMeaning({ cases, allowed, spoofed }: Tally, least: number): void {
  expect(cases).toBeGreaterThanOrEqual(least)
  expect(allowed / cases).toBeGreaterThan(0.05)
  expect(spoofed / cases).toBeGreaterThan(0.02)
}
