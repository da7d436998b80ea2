import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { Datastore } from '@tortie/datastore'
import { openEmbedded } from '@tortie/datastore-embedded'
import { createIpam, type Ipam, validateBlock } from '@tortie/ipam'
import { silentLog } from '@tortie/runtime'
import { systemClock, systemRandom } from '@tortie/runtime/system'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const call = { signal: new AbortController().signal }
const ports = { clock: systemClock, random: systemRandom, log: silentLog }
const apiVersion = 'projectcalico.org/v3'
const worker = join(import.meta.dirname, 'ipam-worker.ts')
const processes = 10

let path: string
let datastore: Datastore
let ipam: Ipam

beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), 'tortie-ipam-'))
  datastore = await openEmbedded({ path, ...ports }, call)
  ipam = createIpam({ datastore, ...ports })
  for (const name of ['node-1', 'node-2', 'node-3'])
    await datastore.create({ apiVersion, kind: 'Node', metadata: { name }, spec: {} }, call)
  // Few and small blocks: most requests meet a rival, and many borrow.
  for (const [name, spec] of Object.entries({
    v4: { cidr: '10.65.0.0/24', blockSize: 28 },
    v6: { cidr: 'fd80:24e2:f998:72d6::/120', blockSize: 124 },
  }))
    await datastore.create({ apiVersion, kind: 'IPPool', metadata: { name }, spec }, call)
})

afterEach(async () => {
  await datastore[Symbol.asyncDispose]()
  await rm(path, { recursive: true, force: true })
})

interface Event {
  readonly at: bigint
  readonly holds: boolean
  readonly address: string
  readonly who: number
}

interface Outcome {
  readonly code: number | null
  readonly events: readonly Event[]
  readonly errors: string
}

function start(who: number, rounds: number): { readonly child: ChildProcess; readonly outcome: Promise<Outcome> } {
  const args = ['--conditions=@tortie/source', worker, path, `p${who}`, `node-${(who % 3) + 1}`, `${rounds}`]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)))
  const outcome = Promise.all([ended, text(child.stdout), text(child.stderr)]).then(([code, output, errors]) => ({
    code,
    errors,
    events: output
      .split('\n')
      .filter((line) => line !== '')
      .flatMap((line) => {
        const [at = '', event, ...addresses] = line.split(' ')
        return addresses.map((address) => ({ at: BigInt(at), holds: event === 'holds', address, who }))
      }),
  }))
  return { child, outcome }
}

/** Sweeps over what all processes told: who was given an address that another had not yet begun to give up. */
function doublyHeld(events: readonly Event[]): string[] {
  const holders = new Map<string, number>()
  const wrong: string[] = []
  for (const { address, holds, who } of [...events].sort((a, b) => (a.at < b.at ? -1 : 1))) {
    if (!holds) holders.delete(address)
    else if (holders.has(address)) wrong.push(`${address}: p${holders.get(address)} and p${who}`)
    else holders.set(address, who)
  }
  return wrong
}

async function storedAddresses(): Promise<number> {
  const blocks = (await datastore.list({ kind: 'IPAMBlock' }, call)).items
  expect(blocks.flatMap(({ spec }) => validateBlock(spec, Date.now()))).toEqual([])
  return blocks.reduce((sum, { spec }) => sum + spec.allocations.filter((index) => index !== null).length, 0)
}

async function releaseEverything(): Promise<void> {
  for (const { spec } of (await datastore.list({ kind: 'IPAMHandle' }, call)).items)
    await ipam.releaseByHandle({ handle: spec.handleID }, call)
  expect(await storedAddresses()).toBe(0)
  for (const node of ['node-1', 'node-2', 'node-3']) await ipam.removeHost(node, call)
  for (const kind of ['IPAMHandle', 'IPAMBlock', 'BlockAffinity'] as const)
    expect((await datastore.list({ kind }, call)).items).toEqual([])
}

describe('ten processes that allocate at once on the embedded store', () => {
  it('never hand out an address twice, and lose none', async () => {
    const outcomes = await Promise.all(Array.from({ length: processes }, (_, who) => start(who, 16).outcome))
    expect(outcomes.map(({ code, errors }) => ({ code, errors }))).toEqual(
      outcomes.map(() => ({ code: 0, errors: expect.not.stringContaining('Error') })),
    )
    const events = outcomes.flatMap((outcome) => outcome.events)
    expect(events.length).toBeGreaterThan(processes * 8)
    expect(doublyHeld(events)).toEqual([])
    const balance = events.reduce((sum, { holds }) => sum + (holds ? 1 : -1), 0)
    expect(await storedAddresses()).toBe(balance)
    await releaseEverything()
  })

  it('killed at any moment leave nothing that a release does not find', async () => {
    const running = Array.from({ length: processes }, (_, who) => start(who, 1_000))
    // Each dies at another moment after it was given its first address.
    for (const [who, { child }] of running.entries())
      child.stdout?.once('data', () => setTimeout(() => child.kill('SIGKILL'), 20 + 13 * who))
    const outcomes = await Promise.all(running.map(({ outcome }) => outcome))
    expect(outcomes.map(({ code }) => code)).toEqual(outcomes.map(() => null))
    expect(doublyHeld(outcomes.flatMap(({ events }) => events))).toEqual([])
    expect(await storedAddresses()).toBeGreaterThan(0)
    await releaseEverything()
  })
})
