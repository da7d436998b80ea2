import { statSync } from 'node:fs'
import { createSysctl, LinuxError, type Netns, openNetlink, openNetns, type Sysctl } from '@tortie/linux'
import {
  createRtnetlink,
  IF_OPER_UP,
  interfaceAddresses,
  type Link,
  linkBy,
  links,
  NETLINK_ROUTE,
  type NetlinkError,
  type NetlinkTransport,
  type Request,
  type Rtnetlink,
  routes,
} from '@tortie/netlink'
import type { Call, Clock } from '@tortie/runtime'
import { CniError } from '../errors.ts'
import { isV6 } from '../protocol/result.ts'
import {
  createPair,
  gatewayAddress,
  hostMac,
  hostRoutes,
  hostSettings,
  podSettings,
  raiseHost,
  raisePod,
  type Setting,
} from './plan.ts'
import type { PodLink, PodLinkNames, PodNetwork } from './pod-network.ts'
import { verifyLink } from './verify.ts'

/** The parts of `@tortie/linux` used here, so that tests can let each call fail. */
export interface KernelPorts {
  readonly openNetns: (path: string) => Netns
  readonly openNetlink: (options: { readonly protocol: number; readonly netns?: Netns }) => NetlinkTransport
  readonly createSysctl: (netns?: Netns) => Sysctl
}

const linux: KernelPorts = { openNetns, openNetlink, createSysctl }
const cleanUpMs = 20_000
const usableMs = 5_000
/** A group of our own, to delete many links at the cost of one. */
const doomedGroup = 0x746f7274

/** Pod networking by netlink in this process; the host's namespace is the one it is opened in. */
export function openPodNetwork(clock: Clock, kernel: KernelPorts = linux): PodNetwork {
  const transport = kernel.openNetlink({ protocol: NETLINK_ROUTE })
  const host = createRtnetlink(transport)
  const hostSysctl = kernel.createSysctl()
  return {
    isOwnNetns,
    async has({ netns, ifname }, call) {
      using pod = enter(kernel, netns)
      return (await pod.rtnetlink.find(linkBy({ name: ifname }), call)) !== undefined
    },
    async connect(link, call) {
      using pod = enter(kernel, link.netns)
      await requireFree(pod.rtnetlink, link, call)
      await deleteLinks(host, [link.hostInterface], call)
      try {
        return await build(link, { host, hostSysctl, pod, clock }, call)
      } catch (error) {
        await deleteLinks(host, [link.hostInterface], { signal: AbortSignal.timeout(cleanUpMs) })
        throw error
      }
    },
    async disconnect(names, call) {
      if (names.hostInterface !== undefined) await deleteLinks(host, [names.hostInterface], call)
      await deletePodSide(kernel, names, call)
    },
    removeHostInterfaces: (names, call) => deleteLinks(host, names, call),
    async verify(link, call) {
      using pod = enter(kernel, link.netns)
      return await verifyLink(link, { host, hostSysctl, pod: pod.rtnetlink, podSysctl: pod.sysctl }, call)
    },
    [Symbol.dispose]: () => transport[Symbol.dispose](),
  }
}

function isOwnNetns(path: string): boolean {
  const [other, own] = [path, '/proc/self/ns/net'].map((file) => statSync(file, { throwIfNoEntry: false }))
  return other !== undefined && other.ino === own?.ino && other.dev === own.dev
}

/** A container's namespace, opened once. */
interface Pod extends Disposable {
  readonly fd: number
  readonly rtnetlink: Rtnetlink
  readonly sysctl: Sysctl
}

/** @throws CniError cni/bad-environment for a path that is something else */
function enter(kernel: KernelPorts, path: string): Pod {
  using opened = new DisposableStack()
  const netns = opened.use(kernel.openNetns(path))
  try {
    const transport = opened.use(kernel.openNetlink({ protocol: NETLINK_ROUTE, netns }))
    const owned = opened.move()
    return {
      fd: netns.fd,
      rtnetlink: createRtnetlink(transport),
      sysctl: kernel.createSysctl(netns),
      [Symbol.dispose]: () => owned.dispose(),
    }
  } catch (cause) {
    if (!isLinuxError(cause, 'linux/not-a-netns')) throw cause
    throw new CniError('cni/bad-environment', `CNI_NETNS ${path} is no network namespace`, { cause })
  }
}

async function requireFree(pod: Rtnetlink, { ifname, netns }: PodLink, call: Call): Promise<void> {
  if ((await pod.find(linkBy({ name: ifname }), call)) === undefined) return
  throw new CniError('cni/failed', `CNI_NETNS ${netns} has an interface ${ifname} already; DEL it first`)
}

interface Sides {
  readonly host: Rtnetlink
  readonly hostSysctl: Sysctl
  readonly pod: Pod
  readonly clock: Clock
}

/** Spec 04 §9. */
async function build(
  link: PodLink,
  { host, hostSysctl, pod, clock }: Sides,
  call: Call,
): Promise<{ readonly mac: string }> {
  await host.run([createPair(link, pod.fd)], call)
  const [outer, inner] = await Promise.all([
    requireLink(host, link.hostInterface, call),
    requireLink(pod.rtnetlink, link.ifname, call),
  ])
  if (outer.mac !== hostMac)
    throw new CniError('cni/failed', `${link.hostInterface} has MAC ${outer.mac}: something on this host changes it`)
  write(pod.sysctl, podSettings(link))
  write(hostSysctl, hostSettings(link))
  await host.run(raiseHost(outer.index, link), call)
  await pod.rtnetlink.run(raisePod(inner.index, link), call)
  await addHostRoutes(host, outer, link, call)
  const wanted = link.addresses.filter(isV6)
  const addresses = new Set(wanted.length > 0 ? [gatewayAddress, ...wanted] : [])
  await awaitUsable(host, { name: link.hostInterface, addresses }, clock, call)
  await awaitUsable(pod.rtnetlink, { name: link.ifname, addresses }, clock, call)
  return { mac: inner.mac ?? '' }
}

/**
 * Waits for what the kernel does in the background, so that not even the first packet is lost: until it has noticed the
 * carrier it drops what is sent (it catches up when asked, since 6.8), and until an IPv6 address is no longer tentative it
 * does not hear who asks for it.
 */
async function awaitUsable(rtnetlink: Rtnetlink, end: End, clock: Clock, call: Call): Promise<void> {
  const until = clock.monotonicMs() + usableMs
  for (let pauseMs = 1; !(await isUsable(rtnetlink, end, call)); pauseMs = Math.min(pauseMs * 2, 50)) {
    if (clock.monotonicMs() > until)
      throw new CniError('cni/try-again', `interface ${end.name} did not come up in ${usableMs / 1000} s`)
    await clock.sleep(pauseMs, call)
  }
}

interface End {
  readonly name: string
  /** IPv6 ones that matter; others may be tentative for as long as they like. */
  readonly addresses: ReadonlySet<string>
}

async function isUsable(rtnetlink: Rtnetlink, { name, addresses }: End, call: Call): Promise<boolean> {
  const { index, operState } = await requireLink(rtnetlink, name, call)
  if (operState !== IF_OPER_UP) return false
  if (addresses.size === 0) return true
  const found = await rtnetlink.read(interfaceAddresses({ family: 6, ifindex: index }), call)
  return !found.some(({ address, tentative }) => tentative && addresses.has(address))
}

async function requireLink(rtnetlink: Rtnetlink, name: string, call: Call): Promise<Link> {
  const link = await rtnetlink.find(linkBy({ name }), call)
  if (link) return link
  throw new CniError('cni/try-again', `interface ${name} vanished while it was set up`)
}

function write(sysctl: Sysctl, settings: readonly Setting[]): void {
  for (const { key, value, optional } of settings)
    try {
      sysctl.write(key, value)
    } catch (error) {
      if (!optional) throw error
    }
}

/** An identical route is fine: the agent may have been faster. */
async function addHostRoutes(host: Rtnetlink, outer: Link, link: PodLink, call: Call): Promise<void> {
  const requests = hostRoutes(outer.index, link)
  const refused = await host.attempt(requests, call)
  for (const error of refused) {
    if (error.code !== 'netlink/exists') throw error
    await explainConflict(host, outer, requests, error, call)
  }
}

async function explainConflict(
  host: Rtnetlink,
  outer: Link,
  requests: readonly Request[],
  error: NetlinkError,
  call: Call,
): Promise<void> {
  const request = requests[(error as NetlinkError<'netlink/exists'>).facts.index]
  if (request?.kind !== 'route') throw error
  const { dst } = request.route
  const same = await host.read(routes({ family: dst.includes(':') ? 6 : 4, table: 254 }), call)
  const found = same.filter((route) => route.dst === dst)
  if (found.some((route) => route.oif === outer.index && route.type === 'unicast')) return
  const owners = await host.read(links(), call)
  const owner = owners.find(({ index }) => index === found[0]?.oif)?.name ?? found[0]?.type ?? 'another route'
  throw new CniError('cni/failed', `the host has a route to ${dst} already, by ${owner}; remove it`, { cause: error })
}

/** Those that are gone are fine. Several go as one group: deleting waits for the kernel's readers each time. */
async function deleteLinks(host: Rtnetlink, names: readonly string[], call: Call): Promise<void> {
  const requests: Request[] =
    names.length === 1
      ? names.map((name) => ({ kind: 'link', verb: 'delete', link: { name } }))
      : [
          ...names.map((name): Request => {
            return { kind: 'link', verb: 'change', change: { link: { name }, group: doomedGroup } }
          }),
          { kind: 'link', verb: 'delete', link: { group: doomedGroup } },
        ]
  if (names.length === 0) return
  const refused = await host.attempt(requests, call)
  const serious = refused.find(({ code }) => code !== 'netlink/missing')
  if (serious) throw serious
}

/** The container's side, if it outlived the host's; what is there may be a leftover of the namespace's file only. */
async function deletePodSide(kernel: KernelPorts, { netns, ifname }: PodLinkNames, call: Call): Promise<void> {
  if (netns === '' || ifname === undefined) return
  try {
    using pod = enter(kernel, netns)
    const link = await pod.rtnetlink.find(linkBy({ name: ifname }), call)
    if (link?.kind === 'veth' || link?.kind === 'netkit') await deleteLinks(pod.rtnetlink, [ifname], call)
  } catch (error) {
    if (isLinuxError(error, 'linux/missing')) return
    if (error instanceof CniError && error.code === 'cni/bad-environment') return
    throw error
  }
}

function isLinuxError(error: unknown, code: LinuxError['code']): boolean {
  return error instanceof LinuxError && error.code === code
}
