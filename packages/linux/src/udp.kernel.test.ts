import { once } from 'node:events'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createUdp, type Endpoint, type UdpOptions, type UdpSocket } from './index.ts'
import { createTestNetns, linkNetns, type TestNetns } from './testing/index.ts'

let near: TestNetns
let far: TestNetns
let opened: UdpSocket[]

beforeEach(() => {
  opened = []
  near = createTestNetns('udp')
  far = createTestNetns('udp')
  linkNetns(
    { netns: near, interface: 'eth0', addresses: ['10.0.0.1/24', 'fd00::1/64', 'fe80::1/64'] },
    { netns: far, interface: 'eth0', addresses: ['10.0.0.2/24', 'fd00::2/64', 'fe80::2/64'] },
  )
})
afterEach(() => {
  for (const socket of opened) socket[Symbol.dispose]()
  near[Symbol.dispose]()
  far[Symbol.dispose]()
})

function sender(options: Partial<UdpOptions> & { readonly address: string }): UdpSocket {
  const socket = createUdp({ netns: near }).open({ port: { from: 49_152, to: 65_535 }, ...options })
  opened.push(socket)
  return socket
}

interface Inbox {
  /** Resolves when one with this text has come, with all that came until then. */
  until(text: string): Promise<{ text: string; from: Endpoint }[]>
}

function inbox(options: UdpOptions): Inbox {
  const seen: { text: string; from: Endpoint }[] = []
  const arrivals = new EventTarget()
  const socket = createUdp({ netns: far }).open(options, (bytes, from) => {
    seen.push({ text: new TextDecoder().decode(bytes), from })
    arrivals.dispatchEvent(new Event('one'))
  })
  opened.push(socket)
  return {
    async until(text) {
      while (!seen.some((one) => one.text === text)) await once(arrivals, 'one')
      return seen
    },
  }
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

describe.each([
  { family: 'IPv4', here: '10.0.0.1', there: '10.0.0.2' },
  { family: 'IPv6', here: 'fd00::1', there: 'fd00::2' },
])('$family', ({ here, there }) => {
  it('tells who sent, from a port of the range', async () => {
    const box = inbox({ address: there, port: 3784 })
    const from = sender({ address: here })
    from.send(bytes('hello'), { address: there, port: 3784 })
    expect(await box.until('hello')).toEqual([{ text: 'hello', from: { address: here, port: from.port } }])
    expect(from.port).toBeGreaterThanOrEqual(49_152)
  })

  it('the kernel drops what has come over a hop', async () => {
    const box = inbox({ address: there, port: 3784, minTtl: 255 })
    for (const ttl of [64, 254]) sender({ address: here, ttl }).send(bytes(`${ttl}`), { address: there, port: 3784 })
    sender({ address: here, ttl: 255 }).send(bytes('255'), { address: there, port: 3784 })
    expect((await box.until('255')).map(({ text }) => text)).toEqual(['255'])
  })
})

it('link-local addresses work through their interface', async () => {
  const box = inbox({ address: 'fe80::2', port: 3784, interface: 'eth0', minTtl: 255 })
  sender({ address: 'fe80::1', interface: 'eth0', ttl: 255 }).send(bytes('x'), { address: 'fe80::2', port: 3784 })
  expect((await box.until('x'))[0]?.from.address).toBe('fe80::1')
})

it('many datagrams at once all arrive, in several turns', async () => {
  const box = inbox({ address: '10.0.0.2', port: 3784 })
  const from = sender({ address: '10.0.0.1' })
  for (let i = 0; i < 200; i++) from.send(bytes(`${i}`), { address: '10.0.0.2', port: 3784 })
  expect(await box.until('199')).toHaveLength(200)
})

it('says what is wrong', () => {
  const udp = createUdp({ netns: near })
  opened.push(udp.open({ address: '10.0.0.1', port: 3784 }))
  expect(() => udp.open({ address: '10.0.0.1', port: 3784 })).toThrow(expect.objectContaining({ code: 'linux/busy' }))
  expect(() => udp.open({ address: '10.9.9.9', port: 1 })).toThrow(expect.objectContaining({ code: 'linux/missing' }))
  expect(() => udp.open({ address: '10.0.0.1', port: 1, interface: 'none' })).toThrow(
    expect.objectContaining({ code: 'linux/missing' }),
  )
  expect(() => sender({ address: '10.0.0.1' }).send(bytes('x'), { address: '192.0.2.1', port: 1 })).toThrow(
    'ENETUNREACH',
  )
})
