import fc from 'fast-check'
import { expect, it } from 'vitest'
import { interpret } from './interpret.ts'
import { arbitraryFlow, arbitraryProgram, localParties } from './testing/arbitraries/index.ts'

it('arbitrary programs and flows meet in every way that matters', () => {
  const seen = new Map<string, number>()
  const count = (key: string): void => void seen.set(key, (seen.get(key) ?? 0) + 1)
  const programs = fc.sample(arbitraryProgram(), { seed: 7, numRuns: 60 })
  const flows = fc.sample(arbitraryFlow(), { seed: 7, numRuns: 60 })
  for (const program of programs) {
    for (const flow of flows) {
      const from = localParties.find(({ v4, v6 }) => flow.source === v4 || flow.source === v6)
      const to = localParties.find(({ v4, v6 }) => flow.destination === v4 || flow.destination === v6)
      const decisions = [
        ...(from ? [interpret(program, from.name, 'egress', flow)] : []),
        ...(to ? [interpret(program, to.name, 'ingress', flow)] : []),
      ]
      for (const { verdict, trace } of decisions) {
        count(verdict)
        for (const step of trace) count('action' in step ? `${step.at} ${step.action}` : step.at)
      }
    }
  }
  const total = (seen.get('allow') ?? 0) + (seen.get('deny') ?? 0)
  expect((seen.get('allow') ?? 0) / total).toBeGreaterThan(0.15)
  for (const at of ['rule', 'profile-rule'])
    for (const action of ['allow', 'deny', 'pass', 'log']) expect(seen.get(`${at} ${action}`), at).toBeGreaterThan(20)
  for (const key of ['tier-end deny', 'tier-end pass', 'no-match', 'inactive', 'policy-end'])
    expect(seen.get(key), key).toBeGreaterThan(20)
})
