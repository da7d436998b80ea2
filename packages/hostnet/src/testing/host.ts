import { emptyNat, type LocalWorkload, type RoutingProgram } from '@tortie/dataplane'
import { createMonitor, createSysctl, openNetlink } from '@tortie/linux'
import { createTestNetns, linkNetns, type TestNetns } from '@tortie/linux/testing'
import { createRtnetlink, type Rtnetlink } from '@tortie/netlink'
import { systemClock } from '@tortie/runtime/system'
import { recordingLog } from '@tortie/runtime/testing'
import { createHostnet, defaultHostnetConfig, type HostnetConfig, type HostnetPorts } from '../index.ts'

export type TestHost = ReturnType<typeof createTestHost>

/** A namespace that plays a host, with everything hostnet needs there. */
export function createTestHost(clock: HostnetPorts['clock'] = systemClock) {
  const netns = createTestNetns('hostnet')
  // Proxy ARP answers for 169.254.1.1 only where a route leads elsewhere: a host has a default route.
  netns.ip(
    'link add up0 type bridge',
    'link set up0 up',
    'addr add 192.0.2.1/24 dev up0',
    'route add default via 192.0.2.2',
  )
  const route = openNetlink({ protocol: 0, netns })
  const netfilter = openNetlink({ protocol: 12, netns })
  const pods: TestNetns[] = []
  const log = recordingLog()
  const monitor = createMonitor({ protocol: 0, netns })
  const sysctl = createSysctl(netns)
  const rt: Rtnetlink = createRtnetlink(openNetlink({ protocol: 0, netns }))
  const ports: HostnetPorts = { route, netfilter, monitor, sysctl, clock, log }
  return {
    netns,
    log,
    monitor,
    sysctl,
    ports,
    /** A socket of its own: what the test sees. */
    rt,
    open: (config: Partial<HostnetConfig> = {}) => createHostnet(ports, { ...defaultHostnetConfig, ...config }),
    /** A pod with its veth, as CNI would leave it, without the host's routes. */
    addPod(name: string, ...addresses: string[]): TestNetns {
      const pod = createTestNetns('pod')
      pods.push(pod)
      linkNetns(
        { netns, interface: name, mac: 'ee:ee:ee:ee:ee:ee' },
        { netns: pod, interface: 'eth0', addresses, mac: podMac },
      )
      pod.ip('route add 169.254.1.1 dev eth0 scope link', 'route add default via 169.254.1.1')
      pod.ip('route add default via fe80::ecee:eeff:feee:eeee dev eth0')
      return pod
    },
    [Symbol.dispose]() {
      route[Symbol.dispose]()
      netfilter[Symbol.dispose]()
      for (const each of [...pods, netns]) each[Symbol.dispose]()
    },
  }
}

export const podMac = '02:00:00:00:00:01'

export function workload(name: string, ...addresses: string[]): LocalWorkload {
  const cidrs = addresses.map((address) => `${address}${address.includes(':') ? '/128' : '/32'}`)
  return { interface: name, active: true, addresses: cidrs, mac: podMac, spoofablePrefixes: [] }
}

export function programOf(parts: {
  readonly workloads?: Readonly<Record<string, LocalWorkload>>
  readonly routes?: Readonly<Record<string, RoutingProgram['routes'] extends ReadonlyMap<string, infer R> ? R : never>>
  readonly vteps?: readonly (RoutingProgram['vteps'] extends ReadonlyMap<string, infer V> ? V : never)[]
  readonly node?: RoutingProgram['node']
}): RoutingProgram {
  return {
    workloads: new Map(Object.entries(parts.workloads ?? {})),
    routes: new Map(Object.entries(parts.routes ?? {})),
    vteps: new Map((parts.vteps ?? []).map((vtep) => [`${vtep.node} ${vtep.address}`, vtep])),
    node: parts.node ?? {},
    nat: emptyNat,
  }
}
