/** Hosts in subnets of their own behind one router: nothing but the router joins them. */
import { type Host, type Network, namespacesOf, run } from '../../three-hosts/lab/network.ts'

export interface Fabric extends Network {
  readonly router: string
  /** The router's addresses in a host's subnet. */
  gateway(host: Host): { readonly ipv4: string; readonly ipv6: string }
}

const ip = (...args: readonly string[]): string => run('ip', args)

/** @param prefix of the namespaces' names, so that two fabrics never meet */
export function createFabric(prefix: string, hostCount: number): Fabric {
  const subnets = new Map<string, number>()
  const host = (name: string, subnet: number): Host => {
    subnets.set(name, subnet)
    return {
      name,
      netns: `${prefix}-${name}`,
      ipv4: `10.10.${subnet}.1`,
      ipv6: `2001:db8:${subnet}::1`,
    }
  }
  const hosts = Array.from({ length: hostCount }, (_, i) => host(`host${i + 1}`, i + 1))
  const outside = host('outside', 100)
  const router = `${prefix}-router`
  const gateway = ({ name }: Host): { ipv4: string; ipv6: string } => {
    const subnet = subnets.get(name)
    return { ipv4: `10.10.${subnet}.254`, ipv6: `2001:db8:${subnet}::fe` }
  }
  return {
    hosts,
    outside,
    router,
    gateway,
    build() {
      ip('netns', 'add', router)
      ip('-n', router, 'link', 'set', 'lo', 'up')
      for (const key of ['net.ipv4.ip_forward', 'net.ipv6.conf.all.forwarding', 'net.ipv4.fib_multipath_hash_policy'])
        ip('netns', 'exec', router, 'sysctl', '-qw', `${key}=1`)
      for (const machine of [...hosts, outside]) attach(machine, router, gateway(machine))
    },
    ...namespacesOf(prefix),
  }
}

function attach({ name, netns, ipv4, ipv6 }: Host, router: string, gateway: { ipv4: string; ipv6: string }): void {
  ip('netns', 'add', netns)
  ip('-n', netns, 'link', 'set', 'lo', 'up')
  ip('-n', router, 'link', 'add', name, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', netns)
  ip('-n', router, 'addr', 'add', `${gateway.ipv4}/24`, 'dev', name)
  ip('-n', router, 'addr', 'add', `${gateway.ipv6}/64`, 'dev', name, 'nodad')
  ip('-n', router, 'link', 'set', name, 'up')
  ip('-n', netns, 'addr', 'add', `${ipv4}/24`, 'dev', 'eth0')
  ip('-n', netns, 'addr', 'add', `${ipv6}/64`, 'dev', 'eth0', 'nodad')
  ip('-n', netns, 'link', 'set', 'eth0', 'up')
  ip('-n', netns, 'route', 'add', 'default', 'via', gateway.ipv4)
  ip('-n', netns, '-6', 'route', 'add', 'default', 'via', gateway.ipv6)
}
