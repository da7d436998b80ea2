import { deltaBetween, type EndpointProgram, emptyNat, emptyProgram, type Flow, type Rule } from '@tortie/dataplane'
import { localParties } from '@tortie/dataplane/testing/arbitraries'
import { createNftDataplane, type NftConfig } from '@tortie/dataplane-nft'
import { openNetlink } from '@tortie/linux'
import { silentLog, silentMeter } from '@tortie/runtime'
import { systemClock } from '@tortie/runtime/system'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createPacketWorld, interfaceOf, type PacketWorld } from './packet-world.ts'

const call = { signal: new AbortController().signal }
let world: PacketWorld
beforeAll(() => {
  world = createPacketWorld()
})
afterAll(() => world[Symbol.dispose]())

const allow: Rule = { action: 'allow', source: {}, destination: {}, index: 0 }
const open = {
  ...emptyProgram,
  policies: new Map([['pro/open', { ingress: [allow], egress: [allow] }]]),
  endpoints: new Map(
    localParties.map(({ name, interface: device, v4, v6 }): [string, EndpointProgram] => [
      name,
      {
        kind: 'workload',
        interface: device,
        active: true,
        addresses: [`${v4}/32`, `${v6}/128`],
        spoofablePrefixes: [],
        ingress: [],
        egress: [],
        profiles: ['pro/open'],
      },
    ]),
  ),
}

/** What becomes of frames of each flow when all policy is open. */
async function fate(flows: readonly Flow[], config: Partial<NftConfig>): Promise<boolean[]> {
  const transport = openNetlink({ protocol: 12, netns: world.host })
  await using dataplane = createNftDataplane(
    { transport, clock: systemClock, log: silentLog, meter: silentMeter },
    config,
  )
  await dataplane.apply(deltaBetween(emptyProgram, open), emptyNat, call)
  world.forget()
  return world.deliver(flows.map((flow) => ({ flow, by: interfaceOf(flow.source) })))
}

const between = (source: string, destination: string) => ({ source, destination })
const podToPod = [between('10.65.0.1', '10.65.0.2'), between('fd00:65::1', 'fd00:65::2')]
const fromOutside = [between('192.0.2.1', '10.65.0.2'), between('2001:db8::1', 'fd00:65::2')]

it.each<[string, readonly Flow[], Partial<NftConfig>, boolean]>([
  ['IPIP of a workload', podToPod.map((ends) => ({ ...ends, protocol: 4 })), {}, false],
  ['IPIP of a workload', podToPod.map((ends) => ({ ...ends, protocol: 4 })), { allowIpipFromWorkloads: true }, true],
  ['IPIP to a workload', fromOutside.map((ends) => ({ ...ends, protocol: 4 })), {}, true],
  ['VXLAN of a workload', podToPod.map((ends) => vxlan(ends, 4789)), {}, false],
  ['VXLAN of a workload', podToPod.map((ends) => vxlan(ends, 4789)), { allowVxlanFromWorkloads: true }, true],
  ['VXLAN on another port', podToPod.map((ends) => vxlan(ends, 4789)), { vxlanPort: 4790 }, true],
  ['VXLAN to a workload', fromOutside.map((ends) => vxlan(ends, 4789)), {}, true],
  ['an answer that nobody asked for', podToPod.map(echoReply), {}, false],
  ['an answer that nobody asked for', podToPod.map(echoReply), { dropInvalid: false }, true],
])('%s %#', async (_, flows, config, passes) => {
  expect(await fate(flows, config)).toEqual(flows.map(() => passes))
})

function vxlan(ends: Pick<Flow, 'source' | 'destination'>, destinationPort: number): Flow {
  return { ...ends, protocol: 17, sourcePort: 49_152, destinationPort }
}

function echoReply(ends: Pick<Flow, 'source' | 'destination'>): Flow {
  const v6 = ends.source.includes(':')
  return { ...ends, protocol: v6 ? 58 : 1, icmpType: v6 ? 129 : 0, icmpCode: 0 }
}
