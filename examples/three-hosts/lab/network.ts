/** Hosts as network namespaces on one switch, made with `ip` and removed without a trace. */
import { spawnSync } from 'node:child_process'

export interface Host {
  readonly name: string
  readonly netns: string
  readonly ipv4: string
  readonly ipv6: string
}

export interface Network {
  readonly hosts: readonly Host[]
  /** A machine on the same switch that knows nothing of Tortie. */
  readonly outside: Host
  build(): void
  /** A namespace for a pod; its path. */
  addPod(pod: string): string
  podNetns(pod: string): string
  /** Removes every namespace with the prefix, of this run or of one that was killed. Their links go with them. */
  remove(): void
}

/** Runs a program to its end. @throws Error with what it said, when it fails */
export function run(command: string, args: readonly string[], input = ''): string {
  const result = spawnSync(command, args, { input, encoding: 'utf8' })
  if (result.error) throw result.error
  if (result.status !== 0) throw new Error(`${command} ${args.join(' ')}: ${(result.stderr || result.stdout).trim()}`)
  return result.stdout
}

const ip = (...args: readonly string[]): string => run('ip', args)

/** @param prefix of the namespaces' names, so that two networks never meet */
export function createNetwork(prefix: string, hostCount: number): Network {
  const host = (name: string, n: number): Host => ({
    name,
    netns: `${prefix}-${name}`,
    ipv4: `192.0.2.${n}`,
    ipv6: `2001:db8::${n}`,
  })
  const hosts = Array.from({ length: hostCount }, (_, i) => host(`host${i + 1}`, i + 1))
  const outside = host('outside', 100)
  const switchNetns = `${prefix}-switch`
  return {
    hosts,
    outside,
    build() {
      ip('netns', 'add', switchNetns)
      ip('-n', switchNetns, 'link', 'add', 'br0', 'type', 'bridge')
      ip('-n', switchNetns, 'link', 'set', 'br0', 'up')
      for (const machine of [...hosts, outside]) attach(machine, switchNetns)
    },
    ...namespacesOf(prefix),
  }
}

/** What is the same for every network whose namespaces begin with a prefix. */
export function namespacesOf(prefix: string): Pick<Network, 'addPod' | 'podNetns' | 'remove'> {
  const podNetns = (pod: string): string => `${prefix}-pod-${pod}`
  return {
    podNetns,
    addPod(pod) {
      ip('netns', 'add', podNetns(pod))
      return `/var/run/netns/${podNetns(pod)}`
    },
    remove() {
      const names = ip('netns', 'list')
        .split('\n')
        .map((line) => line.split(' ')[0] ?? '')
      for (const name of names) if (name.startsWith(`${prefix}-`)) ip('netns', 'del', name)
    },
  }
}

function attach({ name, netns, ipv4, ipv6 }: Host, switchNetns: string): void {
  ip('netns', 'add', netns)
  ip('-n', netns, 'link', 'set', 'lo', 'up')
  ip('-n', switchNetns, 'link', 'add', name, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', netns)
  ip('-n', switchNetns, 'link', 'set', name, 'master', 'br0', 'up')
  ip('-n', netns, 'addr', 'add', `${ipv4}/24`, 'dev', 'eth0')
  ip('-n', netns, 'addr', 'add', `${ipv6}/64`, 'dev', 'eth0', 'nodad')
  ip('-n', netns, 'link', 'set', 'eth0', 'up')
}
