import {
  applyDelta,
  emptyProgram,
  type PolicyDataplane,
  type PolicyProgram,
  type RoutingDataplane,
  type RoutingProgram,
} from '@tortie/dataplane'
import { createDatastore, createMemoryState, type Datastore } from '@tortie/datastore'
import type { AnyResource } from '@tortie/model'
import { silentMeter } from '@tortie/runtime'
import { systemClock, systemRandom } from '@tortie/runtime/system'
import { recordingLog } from '@tortie/runtime/testing'
import { afterEach, expect, it, vi } from 'vitest'
import { createNode, type RunningNode } from './node.ts'

const base = { apiVersion: 'projectcalico.org/v3' } as const
const endpoint: AnyResource = {
  ...base,
  kind: 'WorkloadEndpoint',
  metadata: { name: 'a-cni-c1-eth0', namespace: 'default', labels: { role: 'web' } },
  spec: {
    node: 'a',
    orchestrator: 'cni',
    containerID: 'c1',
    endpoint: 'eth0',
    interfaceName: 'cali1',
    ipNetworks: ['10.65.0.1/32'],
    mac: '02:00:00:00:00:01',
    profiles: [],
  },
} as AnyResource

/** Drivers that hold what they were given, and fail while told to. */
class Kernel {
  program: PolicyProgram = emptyProgram
  routing: RoutingProgram | undefined
  readonly files = new Map<string, string>()
  readonly order: string[] = []
  opened = 0
  failing: Error | undefined
  #pending: Parameters<PolicyDataplane['apply']>[0][] = []

  readonly policy = async (): Promise<PolicyDataplane> => {
    this.opened++
    this.program = emptyProgram
    return {
      apply: async (delta) => {
        this.#pending.push(delta)
        if (this.failing) throw this.failing
        for (const each of this.#pending.splice(0)) this.program = applyDelta(this.program, each)
        this.order.push('policy')
        return { changed: 1, durationMs: 0 }
      },
      resync: async () => ({ changed: 0, durationMs: 0, drift: [] }),
      [Symbol.asyncDispose]: async () => undefined,
    }
  }
  readonly routes = async (): Promise<RoutingDataplane> => ({
    apply: async (program) => {
      this.routing = program
      this.order.push('routing')
      return { changed: 1, durationMs: 0 }
    },
    resync: async () => ({ changed: 0, durationMs: 0, drift: [] }),
    changes: async function* (call) {
      await new Promise((resolve) => call.signal.addEventListener('abort', resolve))
      yield* []
    },
    readyInterfaces: () => new Set([...(this.routing?.workloads.values() ?? [])].map((workload) => workload.interface)),
    [Symbol.asyncDispose]: async () => undefined,
  })
}

const running = new AbortController()
afterEach(() => running.abort())

async function start(): Promise<{
  kernel: Kernel
  datastore: Datastore
  node: RunningNode
  call: { signal: AbortSignal }
}> {
  const stop = new AbortController()
  running.signal.addEventListener('abort', () => stop.abort())
  const call = { signal: stop.signal }
  const kernel = new Kernel()
  const log = recordingLog()
  const datastore = createDatastore(createMemoryState().open(), { clock: systemClock, random: systemRandom, log })
  const node = createNode(
    { name: 'a', local: {} },
    {
      datastore,
      openPolicyDataplane: kernel.policy,
      openRoutingDataplane: kernel.routes,
      endpointStatusFiles: () => ({
        read: async () => new Map(kernel.files),
        write: async (changes) => {
          kernel.order.push('status')
          for (const change of changes) {
            if (change.op === 'remove') kernel.files.delete(change.key)
            else kernel.files.set(change.key, change.value)
          }
        },
      }),
      clock: systemClock,
      random: systemRandom,
      log,
      meter: silentMeter,
    },
  )
  node.run(call).catch(() => undefined)
  return { kernel, datastore, node, call }
}

it('carries an endpoint to the kernel, firewall first, and reports it up last', async () => {
  const { kernel, datastore, node, call } = await start()
  await vi.waitFor(() => expect(node.health.summary().ready).toBe(true))
  kernel.order.length = 0
  await datastore.create(endpoint, call)
  await vi.waitFor(() => expect([...kernel.files.keys()]).toEqual(['cni default%2Fc1 eth0']))
  expect(kernel.order).toEqual(['policy', 'routing', 'status'])
  expect([...kernel.program.endpoints.keys()]).toEqual(['default/a-cni-c1-eth0'])
  expect(JSON.parse([...kernel.files.values()][0] ?? '')).toMatchObject({
    ifaceName: 'cali1',
    ipv4Nets: ['10.65.0.1/32'],
  })
  await datastore.delete({ kind: 'WorkloadEndpoint', name: endpoint.metadata.name, namespace: 'default' }, {}, call)
  await vi.waitFor(() => expect(kernel.files.size).toBe(0))
  expect(kernel.program.endpoints.size).toBe(0)
})

it('is not ready while the kernel refuses, reports nothing up, and catches up by itself', async () => {
  const { kernel, datastore, node, call } = await start()
  await vi.waitFor(() => expect(node.health.summary().ready).toBe(true))
  kernel.failing = new Error('no buffer space')
  await datastore.create(endpoint, call)
  await vi.waitFor(() =>
    expect(node.health.summary().parts.get('Dataplane')).toMatchObject({ ready: false, why: 'no buffer space' }),
  )
  expect(kernel.files.size).toBe(0)
  kernel.failing = undefined
  await vi.waitFor(() => expect(kernel.files.size).toBe(1))
  expect(node.health.summary().ready).toBe(true)
})

it('opens its drivers again when the effective configuration changes, and only then', async () => {
  const { kernel, datastore, node, call } = await start()
  await vi.waitFor(() => expect(node.health.summary().ready).toBe(true))
  const configuration = (spec: object): AnyResource =>
    ({ ...base, kind: 'FelixConfiguration', metadata: { name: 'default' }, spec }) as AnyResource
  const created = await datastore.create(configuration({ usageReportingEnabled: false }), call)
  await datastore.create(endpoint, call)
  await vi.waitFor(() => expect(kernel.files.size).toBe(1))
  expect(kernel.opened).toBe(1)
  await datastore.update(
    { ...configuration({ defaultEndpointToHostAction: 'Accept' }), metadata: created.metadata } as AnyResource,
    call,
  )
  await vi.waitFor(() => expect(kernel.opened).toBe(2))
  await vi.waitFor(() => expect(kernel.program.endpoints.size).toBe(1))
})
