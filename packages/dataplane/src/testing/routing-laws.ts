import assert from 'node:assert/strict'
import type { Call } from '@tortie/runtime'
import type { RoutingDataplane } from '../ports.ts'
import type { RoutingProgram } from '../routing-program.ts'
import type { Law } from './law.ts'

/** One network namespace that holds the interfaces which the programs name. */
export interface RoutingDataplaneSubject {
  open(): Promise<RoutingDataplane>
  /** Removes or changes something that the dataplane wrote. */
  damage(call: Call): Promise<void>
}

type Programs = (seed: number) => RoutingProgram
type RoutingLaw = Law<RoutingDataplaneSubject>

async function assertRouted(subject: RoutingDataplaneSubject, program: RoutingProgram, call: Call): Promise<void> {
  await using dataplane = await subject.open()
  const { changed } = await dataplane.apply(program, call)
  assert.equal(changed, 0, 'a second process that wants the same found something to change')
}

/**
 * What every driver of the routing program must keep. `program(seed)` is the same for the same seed, differs for
 * different ones, and names only what the subject's namespace can hold. Each law wants a subject of its own.
 */
export function routingDataplaneLaws(program: Programs): readonly RoutingLaw[] {
  return [
    {
      name: 'changes nothing when nothing changed',
      async check(subject, call) {
        await using dataplane = await subject.open()
        assert.ok((await dataplane.apply(program(1), call)).changed > 0)
        assert.equal((await dataplane.apply(program(1), call)).changed, 0)
      },
    },
    {
      name: 'ends in the same state by any path',
      async check(subject, call) {
        {
          await using dataplane = await subject.open()
          for (const seed of [1, 2, 3, 2]) await dataplane.apply(program(seed), call)
        }
        await assertRouted(subject, program(2), call)
      },
    },
    {
      name: 'takes over what an earlier process left',
      async check(subject, call) {
        for (const seed of [1, 2]) {
          await using dataplane = await subject.open()
          await dataplane.apply(program(seed), call)
        }
        await assertRouted(subject, program(2), call)
      },
    },
    {
      name: 'reports no drift where there is none',
      async check(subject, call) {
        await using dataplane = await subject.open()
        await dataplane.apply(program(1), call)
        const { changed, drift } = await dataplane.resync(call)
        assert.deepEqual({ changed, drift }, { changed: 0, drift: [] })
      },
    },
    {
      name: 'finds and repairs what others changed',
      async check(subject, call) {
        await using dataplane = await subject.open()
        await dataplane.apply(program(1), call)
        await subject.damage(call)
        assert.ok((await dataplane.resync(call)).drift.length > 0, 'the damage was not noticed')
        assert.deepEqual((await dataplane.resync(call)).drift, [])
        await assertRouted(subject, program(1), call)
      },
    },
    {
      name: 'changes nothing once aborted',
      async check(subject, call) {
        await using dataplane = await subject.open()
        await dataplane.apply(program(1), call)
        const aborted = AbortSignal.abort(new Error('enough'))
        await assert.rejects(async () => dataplane.apply(program(2), { signal: aborted }), { message: 'enough' })
        await assertRouted(subject, program(1), call)
      },
    },
  ]
}
