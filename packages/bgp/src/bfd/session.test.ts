import type { Clock } from '@tortie/runtime'
import { seededRandom } from '@tortie/runtime/testing'
import { beforeEach, describe, expect, it } from 'vitest'
import { type ControlPacket, decodeControlPacket } from './packet.ts'
import { ControlSession } from './session.ts'

/** A clock whose sleepers wake when told, as late as wanted: as in a process that is busy. */
let nowMs: number
let sleepers: { readonly atMs: number; readonly wake: () => void }[]
let session: ControlSession
let sent: ControlPacket[]

const clock: Pick<Clock, 'monotonicMs' | 'sleep'> = {
  monotonicMs: () => nowMs,
  sleep: (ms, { signal }) =>
    new Promise((resolve, reject) => {
      const sleeper = { atMs: nowMs + ms, wake: resolve }
      sleepers.push(sleeper)
      signal.addEventListener('abort', () => {
        sleepers = sleepers.filter((one) => one !== sleeper)
        reject(signal.reason)
      })
    }),
}

async function pass(ms: number): Promise<void> {
  nowMs += ms
  const due = sleepers.filter(({ atMs }) => atMs <= nowMs)
  sleepers = sleepers.filter((sleeper) => !due.includes(sleeper))
  for (const { wake } of due) wake()
  for (let i = 0; i < 10; i++) await undefined
}

const fromPeer: ControlPacket = {
  diag: 0,
  state: 'Init',
  poll: false,
  final: false,
  controlPlaneIndependent: false,
  demand: false,
  detectMult: 3,
  myDiscr: 7,
  yourDiscr: 1,
  desiredMinTxInterval: 100_000,
  requiredMinRxInterval: 100_000,
  requiredMinEchoRxInterval: 0,
}

beforeEach(() => {
  nowMs = 0
  sleepers = []
  sent = []
  const send = (bytes: Uint8Array): void => {
    const decoded = decodeControlPacket(bytes)
    if (decoded.kind === 'packet') sent.push(decoded.packet)
  }
  const ports = { clock: clock as Clock, random: seededRandom(1), send, changed: () => undefined }
  session = new ControlSession(1, { tx: 100_000, rx: 100_000, detectMult: 3 }, ports)
  session.start()
  session.receive(fromPeer)
  session.receive({ ...fromPeer, state: 'Up', final: true })
})

describe('a process that was busy for longer than the detection time', () => {
  it('looks into its socket before it calls the peer gone', async () => {
    await pass(1000)
    expect(session.status.state).toBe('Up')
    session.receive({ ...fromPeer, state: 'Up' })
    await pass(1)
    await pass(250)
    expect(session.status.state).toBe('Up')
  })

  it('waits for one turn only', async () => {
    await pass(1000)
    await pass(100)
    expect(session.status).toMatchObject({ state: 'Down', diag: 1 })
  })
})

it('the peer in demand mode is sent nothing but changes and answers', async () => {
  session.receive({ ...fromPeer, state: 'Up', demand: true, desiredMinTxInterval: 10_000_000 })
  sent.length = 0
  await pass(5000)
  expect(sent).toEqual([])
  session.receive({ ...fromPeer, state: 'Up', demand: true, poll: true })
  expect(sent.map(({ final, poll }) => ({ final, poll }))).toEqual([{ final: true, poll: false }])
})
