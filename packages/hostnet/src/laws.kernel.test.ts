import type { RoutingProgram } from '@tortie/dataplane'
import { routingDataplaneLaws } from '@tortie/dataplane/testing'
import fc from 'fast-check'
import { describe, it } from 'vitest'
import { createTestHost } from './testing/host.ts'
import { arbitraryRoutingProgram, uplink, workloadInterfaces } from './testing/programs.ts'

const runs = 5

function programOf(seed: number): RoutingProgram {
  const [program] = fc.sample(arbitraryRoutingProgram, { seed, numRuns: 1 })
  if (!program) throw new Error('no program')
  return program
}

function createSubject() {
  const host = createTestHost()
  host.netns.ip(
    'link add eth0 type bridge',
    'link set eth0 up',
    `addr add ${uplink.ipv4}/24 dev eth0`,
    `addr add ${uplink.ipv6}/64 dev eth0 nodad`,
  )
  for (const name of workloadInterfaces) host.addPod(name)
  return {
    open: async () => host.open(),
    damage: async () => {
      host.netns.run('ip', 'route', 'flush', 'proto', '80')
      host.netns.run('ip', 'neigh', 'flush', 'nud', 'permanent')
      host.netns.ip('route add blackhole 10.123.0.0/16 proto 80')
      host.sysctl.write('net/ipv4/ip_forward', '0')
    },
    [Symbol.dispose]: () => host[Symbol.dispose](),
  }
}

describe('hostnet', () => {
  for (const round of Array.from({ length: runs }).keys()) {
    for (const law of routingDataplaneLaws((seed) => programOf(seed + 100 * round))) {
      it(`${law.name} (programs of round ${round})`, async ({ signal }) => {
        using subject = createSubject()
        await law.check(subject, { signal })
      })
    }
  }
})
