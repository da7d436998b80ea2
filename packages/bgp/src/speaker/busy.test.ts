import { silentLog } from '@tortie/runtime'
import { seededRandom, virtualClock } from '@tortie/runtime/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { encodeMessage, keepalive } from '../message/message.ts'
import { defaultWireOptions } from '../message/options.ts'
import { neighbor } from '../testing/lab.ts'
import { createSpeaker } from './create-speaker.ts'
import { openOf } from './open.ts'
import type { Connection, Network } from './ports.ts'
import type { Speaker } from './speaker.ts'

/** A speaker over one connection in the test's hands, whose turns of the event loop are too. */
const [a, b] = ['10.0.0.1', '10.0.0.2'] as const
const clock = virtualClock()
const alive = encodeMessage(keepalive, defaultWireOptions)
let stop: AbortController
let running: Promise<unknown>
let speaker: Speaker
let handlers: Parameters<Connection['start']>[0]
/** Done when the speaker gives up its turn: what the event loop would bring. */
let nextTurn: (() => void) | undefined
let connection: Connection

beforeEach(async () => {
  stop = new AbortController()
  connection = {
    localAddress: a,
    localPort: 179,
    remoteAddress: b,
    remotePort: 40_000,
    unsent: 0,
    start: (on) => {
      handlers = on
    },
    write: () => true,
    pause: () => undefined,
    configure: () => undefined,
    close: async () => undefined,
    abort: () => undefined,
  }
  let accept: (connection: Connection) => void = () => undefined
  const network: Network = {
    connect: () => new Promise(() => undefined),
    async listen(_, __, given) {
      accept = given
      return { port: 179, setPasswords: () => undefined, close: () => undefined }
    },
  }
  const yieldTurn = async (): Promise<void> => {
    nextTurn?.()
    nextTurn = undefined
    await clock.sleep(0, { signal: new AbortController().signal })
  }
  const config = {
    routerId: a,
    listen: [{ family: 4, port: 179 }],
    peers: [neighbor(b, { holdTime: 9, passive: true })],
  } as const
  speaker = createSpeaker(config, { network, clock, random: seededRandom(1), log: silentLog, yieldTurn })
  running = speaker.run(stop).catch((error: unknown) => error)
  await clock.advance(1)
  accept(connection)
  await clock.advance(1)
  const peer = neighbor(a, { holdTime: 9 })
  const facts = { restarting: false, forwarding: [], without: 'nothing' } as const
  handlers.data(encodeMessage(openOf({ routerId: b }, peer, facts), defaultWireOptions))
  handlers.data(alive)
  await clock.advance(1)
  expect(state()).toBe('Established')
})
afterEach(async () => {
  stop.abort(new Error('the test is over'))
  await clock.advance(1)
  await running
})

const state = (): string | undefined => speaker.peers()[0]?.state

describe('when the hold timer expires', () => {
  it('a silent peer is given up', async () => {
    await clock.advance(8900)
    expect(state()).toBe('Established')
    await clock.advance(200)
    expect(state()).not.toBe('Established')
    expect(speaker.peers()[0]?.lastError).toBe('sent holdTimerExpired')
  })

  it('what waits in the socket of a busy process is read first', async () => {
    nextTurn = () => handlers.data(alive)
    await clock.advance(9500)
    expect(state()).toBe('Established')
    // It was one KEEPALIVE: after another hold time without any it is over.
    await clock.advance(9500)
    expect(state()).not.toBe('Established')
  })

  it('a piece of a message is no sign of life for ever', async () => {
    nextTurn = () => handlers.data(alive.subarray(0, 5))
    await clock.advance(25_000)
    expect(state()).not.toBe('Established')
  })
})

it('what goes wrong inside ends `run` with it', async () => {
  connection.write = () => {
    throw new Error('the roof is on fire')
  }
  await clock.advance(60_000)
  expect(await running).toMatchObject({ message: 'the roof is on fire' })
})
