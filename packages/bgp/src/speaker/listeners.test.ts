import { virtualClock } from '@tortie/runtime/testing'
import { expect, it } from 'vitest'
import { Listeners } from './listeners.ts'
import type { Listener, Network } from './ports.ts'
import { Timers } from './timers.ts'

const listener: Listener = { port: 179, setPasswords: () => undefined, close: () => undefined }

it.each([
  ['EADDRINUSE', 'another program listens there'],
  ['EACCES', 'CAP_NET_BIND_SERVICE'],
  ['EADDRNOTAVAIL', 'no interface has that address yet'],
])('a port that cannot be had (%s) is named with what helps, and tried again', async (word, cure) => {
  const clock = virtualClock()
  const timers = new Timers(clock, () => undefined)
  const problems: string[] = []
  let failures = 2
  const network: Network = {
    connect: () => Promise.reject(new Error('nobody dials here')),
    async listen() {
      if (failures-- > 0) throw new Error(`bind 0.0.0.0 port 179: ${word}`)
      return listener
    },
  }
  const listeners = new Listeners(
    network,
    timers,
    () => undefined,
    (why) => problems.push(why),
  )
  listeners.configure({ routerId: '10.0.0.1', listen: [{ family: 4, port: 179 }], peers: [] })
  for (let second = 0; second < 4; second++) {
    await clock.advance(1000)
    timers.ringDue()
  }
  await clock.advance(0)
  expect(problems).toHaveLength(2)
  expect(problems[0]).toContain(`cannot listen on every address port 179 (IPv4): bind 0.0.0.0 port 179: ${word}; `)
  expect(problems[0]).toContain(cure)
  expect(failures).toBe(-1)
  listeners.close()
})
