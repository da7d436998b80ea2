import type { Sysctl } from '@tortie/linux'
import { interfaceAddresses, type Link, linkBy, type Rtnetlink, routes } from '@tortie/netlink'
import type { Call } from '@tortie/runtime'
import { isV6 } from '../protocol/result.ts'
import { gatewayV4, gatewayV6, hostMac, hostSettings, podSettings, type Setting } from './plan.ts'
import type { PodLink } from './pod-network.ts'

interface Kernel {
  readonly host: Rtnetlink
  readonly hostSysctl: Sysctl
  readonly pod: Rtnetlink
  readonly podSysctl: Sysctl
}

/** Everything that `connect` makes, compared with what is there. Spec 04 §9. */
export async function verifyLink(
  link: PodLink & { readonly mac?: string },
  kernel: Kernel,
  call: Call,
): Promise<readonly string[]> {
  const inner = await kernel.pod.find(linkBy({ name: link.ifname }), call)
  const outer = await kernel.host.find(linkBy({ name: link.hostInterface }), call)
  return [
    ...(inner ? await verifyPod(link, inner, kernel, call) : [`interface ${link.ifname} is not in ${link.netns}`]),
    ...(outer ? await verifyHost(link, outer, kernel, call) : [`interface ${link.hostInterface} is not on the host`]),
  ]
}

async function verifyPod(
  link: PodLink & { readonly mac?: string },
  inner: Link,
  { pod, podSysctl }: Kernel,
  call: Call,
): Promise<readonly string[]> {
  const { ifname } = link
  const there = new Set(
    (await pod.read(interfaceAddresses({ ifindex: inner.index }), call)).map(({ address }) => address),
  )
  const ways = await pod.read(routes({ oif: inner.index }), call)
  return [
    ...complainAboutLink(inner, link),
    ...(link.mac !== undefined && inner.mac !== link.mac ? [`${ifname} has MAC ${inner.mac}, not ${link.mac}`] : []),
    ...link.addresses.filter((address) => !there.has(address)).map((address) => `${ifname} lacks address ${address}`),
    ...link.routes
      .filter((dst) => !ways.some((way) => way.dst === dst && way.gateway === (isV6(dst) ? gatewayV6 : gatewayV4)))
      .map((dst) => `${link.netns} lacks the route to ${dst} via ${isV6(dst) ? gatewayV6 : gatewayV4}`),
    ...complainAboutSettings(podSysctl, podSettings(link)),
  ]
}

async function verifyHost(
  link: PodLink,
  outer: Link,
  { host, hostSysctl }: Kernel,
  call: Call,
): Promise<readonly string[]> {
  const { hostInterface } = link
  const ways = await host.read(routes({ oif: outer.index }), call)
  return [
    ...complainAboutLink(outer, link),
    ...(outer.mac === hostMac ? [] : [`${hostInterface} has MAC ${outer.mac}, not ${hostMac}`]),
    ...link.addresses
      .filter((dst) => !ways.some((way) => way.dst === dst && way.type === 'unicast'))
      .map((dst) => `the host has no route to ${dst} by ${hostInterface}`),
    ...complainAboutSettings(hostSysctl, hostSettings(link)),
  ]
}

function complainAboutLink({ name, up, mtu }: Link, wanted: PodLink): readonly string[] {
  return [
    ...(up ? [] : [`${name} is down`]),
    ...(wanted.mtu > 0 && mtu !== wanted.mtu ? [`${name} has MTU ${mtu}, not ${wanted.mtu}`] : []),
  ]
}

function complainAboutSettings(sysctl: Sysctl, settings: readonly Setting[]): readonly string[] {
  return settings
    .filter(({ optional }) => !optional)
    .filter(({ key, value }) => readSetting(sysctl, key) !== value)
    .map(({ key, value }) => `/proc/sys/${key} is ${readSetting(sysctl, key) ?? 'missing'}, not ${value}`)
}

function readSetting(sysctl: Sysctl, key: string): string | undefined {
  try {
    return sysctl.read(key)
  } catch {
    return undefined
  }
}
