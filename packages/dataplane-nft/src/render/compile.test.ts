import {
  deltaBetween,
  type EndpointProgram,
  emptyNat,
  emptyProgram,
  type Flow,
  interpret,
  type PolicyProgram,
  type Rule,
} from '@tortie/dataplane'
import { arbitraryFlow, arbitraryProgram, localParties } from '@tortie/dataplane/testing/arbitraries'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { defaultNftConfig } from '../config.ts'
import { simulate } from '../testing/simulate.ts'
import { Renderer } from './renderer.ts'
import { Wanted } from './wanted.ts'

const silent = { chain: () => undefined, set: () => undefined, element: () => undefined }

function render(...programs: PolicyProgram[]): Wanted {
  const wanted = new Wanted(silent)
  const renderer = new Renderer(wanted, defaultNftConfig)
  let now = emptyProgram
  for (const program of programs) {
    renderer.apply(deltaBetween(now, program), emptyNat)
    now = program
  }
  return wanted
}

function contents({ chains, sets }: Wanted) {
  return {
    chains: new Map([...chains].sort().map(([name, { spec, uses }]) => [name, { spec, uses }])),
    sets: new Map([...sets].sort().map(([name, { header, elements, uses }]) => [name, { header, uses, elements }])),
  }
}

/** The interpreter's answer for a packet that the node forwards. */
function expected(program: PolicyProgram, flow: Flow): boolean {
  const at = (address: string) => localParties.find(({ v4, v6 }) => v4 === address || v6 === address)
  const from = at(flow.source)
  const to = at(flow.destination)
  return (
    (!from || interpret(program, from.name, 'egress', flow).verdict === 'allow') &&
    (!to || interpret(program, to.name, 'ingress', flow).verdict === 'allow')
  )
}

function passage(flow: Flow) {
  const at = (address: string) => localParties.find(({ v4, v6 }) => v4 === address || v6 === address)?.interface
  return { flow, in: at(flow.source) ?? 'eth0', out: at(flow.destination) ?? 'eth0' }
}

describe('the compiled ruleset', () => {
  it('says what the interpreter says, of any program and flow', () => {
    let maps = 0
    fc.assert(
      fc.property(arbitraryProgram(), fc.array(arbitraryFlow(), { minLength: 40, maxLength: 40 }), (program, flows) => {
        const wanted = render(program)
        maps += [...wanted.sets.keys()].filter((name) => name.includes('by-')).length
        for (const flow of flows)
          expect(simulate(wanted, passage(flow)).passed, JSON.stringify(flow)).toBe(expected(program, flow))
      }),
      { numRuns: 150 },
    )
    expect(maps).toBeGreaterThan(150)
  })

  it('depends on the content only, never on the path', () => {
    fc.assert(
      fc.property(arbitraryProgram(), arbitraryProgram(), (first, second) => {
        expect(contents(render(first, second, emptyProgram, first, second))).toEqual(contents(render(second)))
      }),
      { numRuns: 40 },
    )
  })

  it('is empty again when the program is', () => {
    fc.assert(
      fc.property(arbitraryProgram(), (program) => {
        expect(contents(render(program, emptyProgram))).toEqual(contents(render()))
      }),
      { numRuns: 20 },
    )
  })
})

describe('many rules', () => {
  const web: EndpointProgram = {
    kind: 'workload',
    interface: 'cali1',
    active: true,
    addresses: ['10.65.0.1/32'],
    spoofablePrefixes: [],
    ingress: [],
    egress: [],
    profiles: [],
  }
  const programOf = (policies: readonly Rule[][]): PolicyProgram => {
    const ids = policies.map((_, index) => `np/prod/p${index}`)
    return {
      ipSets: new Map([['s:all', { type: 'net', members: new Set(['10.65.0.2/32']) }]]),
      policies: new Map(ids.map((id, index) => [id, { ingress: policies[index] ?? [], egress: [] }])),
      endpoints: new Map([
        ['prod/pod-1', { ...web, ingress: [{ name: 'default', policies: ids, defaultAction: 'deny' }] }],
      ]),
    }
  }
  const visits = (program: PolicyProgram, flow: Partial<Flow>): number => {
    const whole = { source: '10.65.0.2', destination: '10.65.0.1', protocol: 6, sourcePort: 40_000, ...flow }
    return simulate(render(program), { flow: whole, in: 'eth0', out: 'cali1' }).visited
  }
  const byPort = (index: number): Rule => ({
    action: 'allow',
    protocol: 6,
    source: { ipSets: ['s:all'] },
    destination: { ports: [{ first: 1000 + index, last: 1000 + index }] },
    index: 0,
  })
  const byNet = (index: number): Rule => ({
    action: 'allow',
    source: { nets: [`10.${index >> 8}.${index & 255}.0/24`] },
    destination: {},
    index: 0,
  })

  it.each([
    ['policies by port', (n: number) => programOf(Array.from({ length: n }, (_, i) => [byPort(i)]))],
    [
      'policies by range of ports',
      (n: number) =>
        programOf(
          Array.from({ length: n }, (_, i) => [
            { ...byPort(i), destination: { ports: [{ first: 1000 + 4 * i, last: 1003 + 4 * i }] } },
          ]),
        ),
    ],
    ['policies by CIDR', (n: number) => programOf(Array.from({ length: n }, (_, i) => [byNet(i)]))],
    ['rules of one policy', (n: number) => programOf([Array.from({ length: n }, (_, i) => byPort(i))])],
    ['policies by port and CIDR', (n: number) => programOf(Array.from({ length: n }, (_, i) => [byPort(i), byNet(i)]))],
  ])('are not visited one by one: %s', (_, programWith) => {
    const flow = { destinationPort: 1042 }
    expect(visits(programWith(400), flow)).toBe(visits(programWith(50), flow))
    expect(visits(programWith(400), flow)).toBeLessThan(16)
  })
})
