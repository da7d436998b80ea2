import {
  deltaBetween,
  type EndpointProgram,
  emptyNat,
  emptyProgram,
  type NatProgram,
  type PolicyDataplane,
  type PolicyProgram,
  type Rule,
} from '@tortie/dataplane'
import { createSysctl, openNetlink } from '@tortie/linux'
import { createTestNetns, linkNetns, type TestNetns } from '@tortie/linux/testing'
import { type Call, silentLog, silentMeter } from '@tortie/runtime'
import { systemClock } from '@tortie/runtime/system'
import { createNftDataplane, type NftConfig } from '../index.ts'

/** Addresses that the host has on every interface of a pod. */
export const gateway = { v4: '169.254.1.1', v6: 'fe80::1' } as const
export const hostAddress = { v4: '10.65.255.1', v6: 'fd00:65:ffff::1' } as const
export const outsideAddress = { v4: '192.0.2.9', v6: '2001:db8::9' } as const
/** That of the host on the link to the outside. */
export const uplinkAddress = { v4: '192.0.2.1', v6: '2001:db8::1' } as const

export interface Pod {
  readonly netns: TestNetns
  readonly interface: string
  readonly v4: string
  readonly v6: string
}

/** A host with pods, each in its namespace with a protocol stack, and one machine outside. */
export interface PodHost extends Disposable {
  readonly netns: TestNetns
  readonly outside: TestNetns
  readonly pods: readonly [Pod, Pod, Pod]
  open(config?: Partial<NftConfig>): PolicyDataplane
}

const call: Call = { signal: new AbortController().signal }

export function createPodHost(): PodHost {
  const netns = createTestNetns('nfthost')
  const outside = createTestNetns('outside')
  const sysctl = createSysctl(netns)
  sysctl.write('net/ipv4/ip_forward', '1')
  sysctl.write('net/ipv6/conf/all/forwarding', '1')
  netns.ip(`addr add ${hostAddress.v4}/32 dev lo`, `addr add ${hostAddress.v6}/128 dev lo`)
  linkNetns(
    { netns, interface: 'eth0', addresses: [`${uplinkAddress.v4}/24`, `${uplinkAddress.v6}/64`] },
    { netns: outside, interface: 'eth0', addresses: [`${outsideAddress.v4}/24`, `${outsideAddress.v6}/64`] },
  )
  netns.ip(`route add default via ${outsideAddress.v4}`)
  outside.ip(`route add default via ${uplinkAddress.v4}`, `route add default via ${uplinkAddress.v6}`)
  const pod = (n: number): Pod => addPod(netns, sysctl, n)
  const pods = [pod(1), pod(2), pod(3)] as const
  return {
    netns,
    outside,
    pods,
    open: (config) =>
      createNftDataplane(
        {
          transport: openNetlink({ protocol: 12, netns }),
          clock: systemClock,
          log: silentLog,
          meter: silentMeter,
        },
        config,
      ),
    [Symbol.dispose]() {
      for (const each of [netns, outside, ...pods.map((pod) => pod.netns)]) each[Symbol.dispose]()
    },
  }
}

function addPod(host: TestNetns, sysctl: ReturnType<typeof createSysctl>, n: number): Pod {
  const netns = createTestNetns('pod')
  const name = `cali${n}`
  const [v4, v6] = [`10.65.0.${n}`, `fd00:65::${n}`]
  linkNetns(
    { netns: host, interface: name, addresses: [`${gateway.v6}/64`] },
    { netns, interface: 'eth0', addresses: [`${v4}/32`, `${v6}/128`, `fe80::${n}1/64`] },
  )
  sysctl.write(`net/ipv4/conf/${name}/proxy_arp`, '1')
  sysctl.write(`net/ipv4/neigh/${name}/proxy_delay`, '0')
  host.ip(`route add ${v4} dev ${name}`, `route add ${v6} dev ${name}`)
  netns.ip(
    `route add ${gateway.v4} dev eth0`,
    `route add default via ${gateway.v4} dev eth0`,
    `route add default via ${gateway.v6} dev eth0`,
  )
  return { netns, interface: name, v4, v6 }
}

const rule = (action: Rule['action']): Rule => ({ action, source: {}, destination: {}, index: 0 })

/** Policies to choose from by name: `allow`, `deny`, `log`. */
const policies = new Map(
  (['allow', 'deny', 'log'] as const).map((action) => [
    `gnp/${action}`,
    { ingress: [rule(action)], egress: [rule(action)] },
  ]),
)

type Choice = 'allow' | 'deny' | 'log'

export interface PodPolicy {
  readonly ingress?: Choice
  readonly egress?: Choice
  readonly endpoint?: Partial<EndpointProgram>
}

/** Each pod under the policy given, everything allowed without one; `null`: the pod has no program. */
export function podProgram(pods: readonly Pod[], given: readonly (PodPolicy | null)[] = []): PolicyProgram {
  const tier = (choice: Choice) => [{ name: 'default', policies: [`gnp/${choice}`], defaultAction: 'pass' }] as const
  const endpoints = pods.flatMap((pod, index): [string, EndpointProgram][] => {
    const policy = given[index] === undefined ? {} : given[index]
    if (policy === null) return []
    const program: EndpointProgram = {
      kind: 'workload',
      interface: pod.interface,
      active: true,
      addresses: [`${pod.v4}/32`, `${pod.v6}/128`],
      spoofablePrefixes: [],
      ingress: tier(policy.ingress ?? 'allow'),
      egress: tier(policy.egress ?? 'allow'),
      profiles: ['gnp/allow'],
      ...policy.endpoint,
    }
    return [[`prod/${pod.interface}`, program]]
  })
  return { ipSets: new Map(), policies, endpoints: new Map(endpoints) }
}

/** Applies programs one after the other. */
export function follower(dataplane: PolicyDataplane): (program: PolicyProgram, nat?: NatProgram) => Promise<number> {
  let now: PolicyProgram = emptyProgram
  return async (program, nat = emptyNat) => {
    const { changed } = await dataplane.apply(deltaBetween(now, program), nat, call)
    now = program
    return changed
  }
}
