import { createTestNetns, type TestNetns } from '@tortie/linux/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { withFault } from '../testing/faults.ts'
import { createTestHost, type TestHost } from '../testing/host.ts'

let host: TestHost
let pod: TestNetns
beforeEach(async () => {
  host = await createTestHost('cni-host')
  pod = createTestNetns('cni-pod')
  // The network's profile and the node's blocks stay: they are no container's.
  await host.run('ADD', { pod })
  await host.run('DEL', { pod })
})
afterEach(() => {
  pod[Symbol.dispose]()
  host[Symbol.dispose]()
})

async function expectClean(what: string): Promise<void> {
  expect(await host.leftovers(), what).toEqual([])
  expect(
    (pod.ipJson('link', 'show') as { ifname: string }[]).map(({ ifname }) => ifname),
    what,
  ).toEqual(['lo'])
}

async function countSteps(command: string): Promise<readonly string[]> {
  const { drivers, steps } = withFault(host.drivers, host.kernel)
  expect((await host.run(command, { pod, drivers })).exitCode).toBe(0)
  return [...steps]
}

describe.each(['before', 'after'] as const)('a fault %s the effect of a step', (when) => {
  it('of ADD: nothing is left, whichever step it is', async () => {
    const steps = await countSteps('ADD')
    await host.run('DEL', { pod })
    expect(steps.length).toBeGreaterThan(25)
    let failed = 0
    for (const [i, step] of steps.entries()) {
      const { drivers } = withFault(host.drivers, host.kernel, { at: i + 1, when })
      const reply = await host.run('ADD', { pod, drivers })
      const what = `step ${i + 1} of ${steps.length}, ${step}: ${reply.stdout}`
      if (reply.exitCode === 0) expect((await host.run('DEL', { pod })).exitCode).toBe(0)
      else {
        failed++
        expect(reply.json.code, what).toBe(11)
      }
      await expectClean(what)
    }
    // Two settings are optional, and the address manager tries some of its steps again.
    expect(failed).toBeGreaterThan(steps.length * 0.7)
  })

  it('of DEL: told, and done by the next', async () => {
    await host.run('ADD', { pod })
    const steps = await countSteps('DEL')
    for (const [i, step] of steps.entries()) {
      expect((await host.run('ADD', { pod })).exitCode).toBe(0)
      const { drivers } = withFault(host.drivers, host.kernel, { at: i + 1, when })
      const reply = await host.run('DEL', { pod, drivers })
      const what = `step ${i + 1} of ${steps.length}, ${step}: ${reply.stdout}`
      if (reply.exitCode !== 0) expect(reply.json.code, what).toBe(11)
      expect((await host.run('DEL', { pod })).exitCode, what).toBe(0)
      await expectClean(what)
    }
  })
})

it('of ADD that is aborted at any step, nothing is left', async () => {
  const steps = await countSteps('ADD')
  await host.run('DEL', { pod })
  for (const [i, step] of steps.entries()) {
    const stop = new AbortController()
    const faulty = withFault(host.drivers, host.kernel, {
      at: i + 1,
      when: 'after',
      instead: () => stop.abort(new Error('the runtime gave up')),
    })
    const reply = await host.run('ADD', { pod, drivers: faulty.drivers, signal: stop.signal })
    const what = `step ${i + 1} of ${steps.length}, ${step}: ${reply.stdout}`
    // The kernel was quicker this time, and there was no such step.
    if (faulty.steps.length <= i) await host.run('DEL', { pod })
    else expect(reply.json.msg, what).toContain('the runtime gave up')
    await expectClean(what)
  }
})

it('says what DEL has to remove, when taking back fails too', async () => {
  let broken = false
  const { drivers } = withFault(host.drivers, host.kernel)
  const add = await host.run('ADD', {
    pod,
    config: { policy_setup_timeout_seconds: 1 },
    drivers: {
      ...drivers,
      async openDatastore(choice, call) {
        const store = await drivers.openDatastore(choice, call)
        return new Proxy(store, {
          get(target, name) {
            const value: unknown = Reflect.get(target, name)
            if (name === 'delete' && broken) return () => Promise.reject(new Error('disk on fire'))
            if (name === 'create') broken = true
            return typeof value === 'function' ? (value.bind(target) as unknown) : value
          },
        })
      },
    },
  })
  expect(add.json).toMatchObject({
    code: 999,
    msg: expect.stringMatching(/DEL has to remove: .*endpoint: disk on fire/),
  })
  expect((await host.run('DEL', { pod })).exitCode).toBe(0)
  await expectClean('after DEL')
})
