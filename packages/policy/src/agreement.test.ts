import { danglingReferences, interpret } from '@tortie/dataplane'
import { silentLog } from '@tortie/runtime'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createPolicyEngine } from './engine/engine.ts'
import { evaluate } from './evaluate/evaluate.ts'
import { createPolicyState } from './evaluate/state.ts'
import { arbitraryFlow, arbitraryUniverse, localPods, type PolicyUniverse } from './testing/index.ts'

function engineOf({ node, sourceSpoofing, resources }: PolicyUniverse) {
  const engine = createPolicyEngine({ node, sourceSpoofing, log: silentLog })
  engine.apply(resources.map((item) => ({ type: 'put', item })))
  engine.flush()
  return engine
}

/** How often each outcome has to occur at least, for the agreement to mean something. */
const meetings = {
  allow: 300,
  deny: 300,
  'rule allow': 100,
  'rule deny': 60,
  'rule pass': 20,
  'rule log': 10,
  'policy-end': 300,
  'tier-end deny': 100,
  'tier-end pass': 30,
  'profile-rule allow': 60,
  'profile-rule deny': 60,
  'no-match': 60,
  inactive: 10,
  'spoofed-source': 60,
}

it.each([
  ['sound', false],
  ['damaged', true],
])(
  'in %s universes the program, interpreted, says of any flow what evaluate() says, and for the same reasons',
  (_name, damage) => {
    const seen = new Map<string, number>()
    const count = (what: string): void => void seen.set(what, (seen.get(what) ?? 0) + 1)
    fc.assert(
      fc.property(
        arbitraryUniverse({ damage }),
        fc.array(arbitraryFlow(), { minLength: 8, maxLength: 8 }),
        (universe, flows) => {
          const program = engineOf(universe).program()
          const state = createPolicyState(universe.resources, universe)
          expect(danglingReferences(program)).toEqual([])
          for (const flow of flows)
            for (const { id, v4, v6 } of localPods)
              for (const direction of ['ingress', 'egress'] as const) {
                // One endpoint is asked about every flow, the others about their own.
                const own = direction === 'ingress' ? flow.destination : flow.source
                if (id !== localPods[0]?.id && own !== v4 && own !== v6) continue
                const ours = evaluate(state, { endpoint: id, direction, flow })
                count(ours.verdict)
                for (const step of ours.trace) count('action' in step ? `${step.at} ${step.action}` : step.at)
                if (program.endpoints.has(id)) expect(interpret(program, id, direction, flow)).toEqual(ours)
                else expect(ours).toEqual({ verdict: 'deny', trace: [{ at: 'inactive' }] })
              }
        },
      ),
      { numRuns: 300 },
    )
    for (const [what, least] of Object.entries(meetings)) expect(seen.get(what) ?? 0, what).toBeGreaterThan(least)
  },
  120_000,
)
