import assert from 'node:assert/strict'
import type { Call } from '@tortie/runtime'
import { deltaBetween, emptyDelta } from '../delta.ts'
import { emptyProgram, type PolicyDelta, type PolicyProgram } from '../policy-program.ts'
import type { PolicyDataplane } from '../ports.ts'
import { emptyNat, type NatProgram } from '../routing-program.ts'
import type { Law } from './law.ts'

/** One network namespace, empty at first, in which dataplanes can be opened one after the other, as processes would. */
export interface PolicyDataplaneSubject {
  open(): Promise<PolicyDataplane>
  /** Changes something that the dataplane owns behind its back, so that a correct one has something to repair. */
  damage(call: Call): Promise<void>
}

const nat: NatProgram = { masqueradePools: ['10.65.0.0/16'], allPools: ['10.65.0.0/16', 'fd00:65::/32'], hosts: [] }
const wholeOf = (program: PolicyProgram): PolicyDelta => deltaBetween(emptyProgram, program)

/** What is in the kernel equals `program` exactly when a newly opened dataplane has nothing to change. */
async function assertEnforced(subject: PolicyDataplaneSubject, program: PolicyProgram, call: Call): Promise<void> {
  await using dataplane = await subject.open()
  const { changed } = await dataplane.apply(wholeOf(program), nat, call)
  assert.equal(changed, 0, 'a second process that wants the same found something to change')
}

type Programs = (seed: number) => PolicyProgram
type PolicyLaw = Law<PolicyDataplaneSubject>

const paths = (program: Programs): readonly PolicyLaw[] => [
  {
    name: 'changes nothing when nothing changed',
    async check(subject, call) {
      await using dataplane = await subject.open()
      assert.ok((await dataplane.apply(wholeOf(program(1)), nat, call)).changed > 0)
      assert.equal((await dataplane.apply(emptyDelta, nat, call)).changed, 0)
      assert.equal((await dataplane.apply(wholeOf(program(1)), nat, call)).changed, 0)
    },
  },
  {
    name: 'ends in the same state by any path',
    async check(subject, call) {
      {
        await using dataplane = await subject.open()
        let now: PolicyProgram = emptyProgram
        for (const seed of [1, 2, 3, 4, 5, 2]) {
          await dataplane.apply(deltaBetween(now, program(seed)), nat, call)
          now = program(seed)
        }
      }
      await assertEnforced(subject, program(2), call)
    },
  },
  {
    name: 'takes over what an earlier process left, whatever it was',
    async check(subject, call) {
      for (const seed of [1, 2, 3]) {
        await using dataplane = await subject.open()
        await dataplane.apply(wholeOf(program(seed)), nat, call)
      }
      await assertEnforced(subject, program(3), call)
    },
  },
  {
    name: 'empties again',
    async check(subject, call) {
      {
        await using dataplane = await subject.open()
        await dataplane.apply(wholeOf(program(1)), nat, call)
        await dataplane.apply(deltaBetween(program(1), emptyProgram), nat, call)
      }
      await assertEnforced(subject, emptyProgram, call)
    },
  },
  {
    name: 'follows the NAT program alone',
    async check(subject, call) {
      await using dataplane = await subject.open()
      await dataplane.apply(wholeOf(program(1)), nat, call)
      assert.ok((await dataplane.apply(emptyDelta, emptyNat, call)).changed > 0)
      assert.equal((await dataplane.apply(emptyDelta, emptyNat, call)).changed, 0)
      assert.ok((await dataplane.apply(emptyDelta, nat, call)).changed > 0)
      await assertEnforced(subject, program(1), call)
    },
  },
]

const repairs = (program: Programs): readonly PolicyLaw[] => [
  {
    name: 'leaves what an earlier process left until it has a program',
    async check(subject, call) {
      {
        await using dataplane = await subject.open()
        await dataplane.apply(wholeOf(program(1)), nat, call)
        await using another = await subject.open()
        assert.equal((await another.resync(call)).changed, 0)
      }
      await assertEnforced(subject, program(1), call)
    },
  },
  {
    name: 'reports no drift where there is none',
    async check(subject, call) {
      await using dataplane = await subject.open()
      await dataplane.apply(wholeOf(program(1)), nat, call)
      const { changed, drift } = await dataplane.resync(call)
      assert.deepEqual({ changed, drift }, { changed: 0, drift: [] })
    },
  },
  {
    name: 'finds and repairs what others changed',
    async check(subject, call) {
      await using dataplane = await subject.open()
      await dataplane.apply(wholeOf(program(1)), nat, call)
      await subject.damage(call)
      const first = await dataplane.resync(call)
      assert.ok(first.drift.length > 0, 'the damage was not noticed')
      assert.ok(first.changed > 0, 'the damage was not repaired')
      assert.deepEqual((await dataplane.resync(call)).drift, [])
      await assertEnforced(subject, program(1), call)
    },
  },
  {
    name: 'applies a change in spite of what others changed before it',
    async check(subject, call) {
      {
        await using dataplane = await subject.open()
        await dataplane.apply(wholeOf(program(1)), nat, call)
        await subject.damage(call)
        await dataplane.apply(deltaBetween(program(1), program(2)), nat, call)
        await dataplane.resync(call)
      }
      await assertEnforced(subject, program(2), call)
    },
  },
]

const failures = (program: Programs): readonly PolicyLaw[] => [
  {
    name: 'refuses a delta that leaves a reference dangling, and keeps what was',
    async check(subject, call) {
      {
        await using dataplane = await subject.open()
        await dataplane.apply(wholeOf(program(1)), nat, call)
        const policies = new Map([...program(1).policies.keys()].map((id) => [id, null]))
        await assert.rejects(async () => dataplane.apply({ ...emptyDelta, policies }, nat, call))
      }
      await assertEnforced(subject, program(1), call)
    },
  },
  {
    name: 'includes in the next call what an earlier one could not do',
    async check(subject, call) {
      {
        await using dataplane = await subject.open()
        await dataplane.apply(wholeOf(program(1)), nat, call)
        const aborted = AbortSignal.abort(new Error('enough'))
        const delta = deltaBetween(program(1), program(2))
        await assert.rejects(async () => dataplane.apply(delta, nat, { signal: aborted }), { message: 'enough' })
        await assertEnforced(subject, program(1), call)
        assert.ok((await dataplane.apply(emptyDelta, nat, call)).changed > 0)
      }
      await assertEnforced(subject, program(2), call)
    },
  },
  {
    name: 'keeps calls that overlap in order',
    async check(subject, call) {
      {
        await using dataplane = await subject.open()
        await Promise.all([
          dataplane.apply(wholeOf(program(1)), nat, call),
          dataplane.apply(deltaBetween(program(1), program(2)), nat, call),
          dataplane.resync(call),
          dataplane.apply(deltaBetween(program(2), program(3)), nat, call),
        ])
      }
      await assertEnforced(subject, program(3), call)
    },
  },
  {
    name: 'leaves the kernel as it is when closed',
    async check(subject, call) {
      const dataplane = await subject.open()
      await dataplane.apply(wholeOf(program(1)), nat, call)
      await dataplane[Symbol.asyncDispose]()
      await assertEnforced(subject, program(1), call)
    },
  },
]

/**
 * What every driver of the policy program must keep. `program(seed)` gives complete programs, the same for the same
 * seed and different for different ones; `@tortie/dataplane/testing/arbitraries` has a source of them. Each law wants a
 * subject of its own.
 */
export function policyDataplaneLaws(program: Programs): readonly PolicyLaw[] {
  return [...paths(program), ...repairs(program), ...failures(program)]
}
