import { createDatastore, createMemoryState, type Datastore } from '@tortie/datastore'
import type { AnyResource, Kind, ResourceOf } from '@tortie/model'
import { createQueue } from '@tortie/runtime'
import { systemClock, systemRandom } from '@tortie/runtime/system'
import { recordingLog } from '@tortie/runtime/testing'
import type { BgpProgram } from '@tortie/topology'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { type BgpFollowPorts, followBgp } from './follow.ts'

type Secrets = BgpFollowPorts['secrets'] extends (...call: never[]) => AsyncIterable<infer S> ? S : never

let stop: AbortController
let datastore: Datastore
let programs: BgpProgram[]
let secrets: ReturnType<typeof createQueue<Secrets>>
let ended: Promise<unknown>

beforeEach(() => {
  stop = new AbortController()
  programs = []
  secrets = createQueue<Secrets>()
  const ports = { clock: systemClock, random: systemRandom, log: recordingLog() }
  datastore = createDatastore(createMemoryState().open(), ports)
})
afterEach(() => stop.abort(new Error('the test is over')))

const eventually = (holds: () => void): Promise<void> => vi.waitFor(holds, { timeout: 20_000 })

function start(): void {
  const told: Secrets[] = []
  const ports: BgpFollowPorts = {
    datastore,
    clock: systemClock,
    random: systemRandom,
    log: recordingLog(),
    apply: (program) => void programs.push(program),
    // Whoever begins to read is told all first.
    async *secrets(call) {
      if (told.length > 0) yield told.flat()
      for (;;)
        for (const each of await secrets.take(call)) {
          told.push(each)
          yield each
        }
    },
  }
  ended = followBgp({ node: 'a', local: {} }, ports, stop).catch((error: unknown) => error)
}

async function create<K extends Kind>(kind: K, name: string, spec: ResourceOf<K>['spec']): Promise<AnyResource> {
  const resource = { apiVersion: 'projectcalico.org/v3', kind, metadata: { name }, spec } as AnyResource
  return await datastore.create(resource, stop)
}

/** Two nodes, a pool, and the passwords told. */
async function cluster(): Promise<void> {
  await create('Node', 'a', { bgp: { ipv4Address: '10.9.0.1/24' } })
  await create('Node', 'b', { bgp: { ipv4Address: '10.9.0.2/24' } })
  await create('IPPool', 'pods', { cidr: '10.65.0.0/16' } as ResourceOf<'IPPool'>['spec'])
  secrets.push([])
  start()
  await eventually(() => expect(programs).toHaveLength(1))
}

const latest = (): BgpProgram | undefined => programs.at(-1)
const peers = (program = latest()): readonly string[] => (program?.speaker?.peers ?? []).map(({ key }) => key)
/** Whatever else is stored is seen after what was stored before. */
async function settled(): Promise<void> {
  const before = programs.length
  await create('Node', `z${before}`, { bgp: { ipv4Address: `10.9.1.${before}/24` } })
  await eventually(() => expect(peers()).toContain(`Mesh_10_9_1_${before}`))
}

it('makes no program before the datastore and the passwords have been read: a part of it would withdraw routes', async () => {
  await create('Node', 'a', { bgp: { ipv4Address: '10.9.0.1/24' } })
  await create('Node', 'b', { bgp: { ipv4Address: '10.9.0.2/24' } })
  start()
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect(programs).toEqual([])
  secrets.push([])
  await eventually(() => expect(programs).toHaveLength(1))
  expect(peers()).toEqual(['Mesh_10_9_0_2'])
  expect(programs[0]).toMatchObject({ speaker: { routerId: '10.9.0.1' }, problems: [] })
})

it('makes a new one for what matters, whose equal parts are the identical objects, and none for what does not', async () => {
  await cluster()
  await create('BGPConfiguration', 'default', { serviceClusterIPs: [{ cidr: '10.96.0.0/12' }] })
  await eventually(() => expect(programs).toHaveLength(2))
  const [first, second] = programs
  expect(second?.localRoutes).toMatchObject([{ prefix: '10.96.0.0/12', id: 'service' }])
  expect(second?.problems).toBe(first?.problems)
  await create('BGPFilter', 'unused', {})
  await settled()
  expect(programs).toHaveLength(3)
  expect(programs[2]?.localRoutes).toBe(second?.localRoutes)
})

it('takes passwords as they come', async () => {
  await cluster()
  const secretKeyRef = { name: 'bgp', key: 'mesh' }
  await create('BGPConfiguration', 'default', { nodeMeshPassword: { secretKeyRef } })
  await eventually(() => expect(latest()?.speaker?.peers).toMatchObject([{ shutdown: 'no password' }]))
  expect(latest()?.problems).toMatchObject([{ code: 'no-password' }])
  secrets.push([{ ...secretKeyRef, value: 'first' }])
  await eventually(() => expect(latest()?.speaker?.peers).toMatchObject([{ password: 'first' }]))
  expect(latest()?.problems).toEqual([])
  secrets.push([{ ...secretKeyRef, value: undefined }])
  await eventually(() => expect(latest()?.speaker?.peers).toMatchObject([{ shutdown: 'no password' }]))
})

it("asks Felix's configuration who owns the routes, again whenever that changes", async () => {
  await cluster()
  const owned = (): boolean | undefined => latest()?.kernelPolicy.pools[0]?.program
  expect(owned()).toBe(true)
  await create('FelixConfiguration', 'default', { programClusterRoutes: 'Enabled' })
  await eventually(() => expect(owned()).toBe(false))
  expect(peers()).toEqual(['Mesh_10_9_0_2'])
  await datastore.delete({ kind: 'FelixConfiguration', name: 'default' }, {}, stop)
  await eventually(() => expect(owned()).toBe(true))
})

it('ends with what reading the passwords throws, and with the reason of an abort', async () => {
  await cluster()
  secrets.fail(new Error('the directory is gone'))
  expect(await ended).toMatchObject({ message: 'the directory is gone' })
  secrets = createQueue<Secrets>()
  start()
  stop.abort(new Error('enough'))
  expect(await ended).toMatchObject({ message: 'enough' })
})
