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
  allow: 400,
  deny: 400,
  'rule allow': 100,
  'rule deny': 100,
  'rule pass': 50,
  'rule log': 50,
  'policy-end': 400,
  'tier-end deny': 100,
  'tier-end pass': 20,
  'profile-rule allow': 50,
  'profile-rule deny': 50,
  'no-match': 50,
  inactive: 20,
  'spoofed-source': 100,
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
            for (const { id } of localPods)
              for (const direction of ['ingress', 'egress'] as const) {
                const ours = evaluate(state, { endpoint: id, direction, flow })
                count(ours.verdict)
                for (const step of ours.trace) count('action' in step ? `${step.at} ${step.action}` : step.at)
                if (program.endpoints.has(id)) expect(interpret(program, id, direction, flow)).toEqual(ours)
                else expect(ours).toEqual({ verdict: 'deny', trace: [{ at: 'inactive' }] })
              }
        },
      ),
      { numRuns: 200 },
    )
    for (const [what, least] of Object.entries(meetings)) expect(seen.get(what) ?? 0, what).toBeGreaterThan(least)
  },
)
