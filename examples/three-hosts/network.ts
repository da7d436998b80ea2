/** Hosts as network namespaces on one switch, made with `ip` and removed without a trace. */
import { spawnSync } from 'node:child_process'

const prefix = 'tortie-demo'

export interface Host {
  readonly name: string
  readonly netns: string
  readonly ipv4: string
  readonly ipv6: string
}

export const switchNetns = `${prefix}-switch`
export const hosts: readonly Host[] = [1, 2, 3].map((n) => ({
  name: `host${n}`,
  netns: `${prefix}-host${n}`,
  ipv4: `192.0.2.${n}`,
  ipv6: `2001:db8::${n}`,
}))
/** A machine on the same switch that knows nothing of Tortie. */
export const outside: Host = {
  name: 'outside',
  netns: `${prefix}-outside`,
  ipv4: '192.0.2.100',
  ipv6: '2001:db8::100',
}

export const podNetns = (pod: string): string => `${prefix}-pod-${pod}`

/** Runs a program to its end. @throws Error with what it said, when it fails */
export function run(command: string, args: readonly string[], input = ''): string {
  const result = spawnSync(command, args, { input, encoding: 'utf8' })
  if (result.error) throw result.error
  if (result.status !== 0) throw new Error(`${command} ${args.join(' ')}: ${(result.stderr || result.stdout).trim()}`)
  return result.stdout
}

const ip = (...args: readonly string[]): string => run('ip', args)

export function buildNetwork(): void {
  ip('netns', 'add', switchNetns)
  ip('-n', switchNetns, 'link', 'add', 'br0', 'type', 'bridge')
  ip('-n', switchNetns, 'link', 'set', 'br0', 'up')
  for (const host of [...hosts, outside]) attach(host)
}

function attach({ name, netns, ipv4, ipv6 }: Host): void {
  ip('netns', 'add', netns)
  ip('-n', netns, 'link', 'set', 'lo', 'up')
  ip('-n', switchNetns, 'link', 'add', name, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', netns)
  ip('-n', switchNetns, 'link', 'set', name, 'master', 'br0', 'up')
  ip('-n', netns, 'addr', 'add', `${ipv4}/24`, 'dev', 'eth0')
  ip('-n', netns, 'addr', 'add', `${ipv6}/64`, 'dev', 'eth0', 'nodad')
  ip('-n', netns, 'link', 'set', 'eth0', 'up')
}

export function addPodNetns(pod: string): string {
  ip('netns', 'add', podNetns(pod))
  return `/var/run/netns/${podNetns(pod)}`
}

/** Removes every namespace of the demo, of this run or of one that was killed. Their links go with them. */
export function removeNetwork(): void {
  const listed = ip('netns', 'list')
    .split('\n')
    .map((line) => line.split(' ')[0] ?? '')
  for (const name of listed) if (name.startsWith(`${prefix}-`)) ip('netns', 'del', name)
}
