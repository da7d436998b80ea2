/** Routes as `ip` shows them. */
import type { ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { TestNetns } from '@tortie/linux/testing'
import type { Call } from '@tortie/runtime'
import { eventually } from '../interop/daemons/process.ts'

export interface KernelRoute {
  readonly dst: string
  readonly gateway?: string
  readonly dev?: string
  readonly protocol: string
  readonly metric?: number
  readonly type?: string
}

/** @param protocol as `ip route show proto` has it: `bird` is 12, Felix has 80 */
export function kernelRoutes(net: TestNetns, protocol: string, family: 4 | 6 = 4): KernelRoute[] {
  return net.ipJson(`-${family}`, 'route', 'show', 'proto', protocol) as KernelRoute[]
}

export function kernelRoute(net: TestNetns, prefix: string, protocol = 'bird'): KernelRoute | undefined {
  return kernelRoutes(net, protocol, prefix.includes(':') ? 6 : 4).find(({ dst }) => dst === prefix)
}

/** Routes that the kernel deletes while something happens, as `ip monitor` tells them. */
export async function deletedDuring(
  { signal }: Call,
  nets: readonly TestNetns[],
  work: () => Promise<void>,
): Promise<string[]> {
  const deleted: string[] = []
  const monitors = nets.map((net) => startMonitor(net, deleted))
  try {
    for (const [i, net] of nets.entries()) await untilItListens(net, deleted, `198.51.100.${i}`, { signal })
    await work()
  } finally {
    for (const monitor of monitors) monitor.kill('SIGKILL')
  }
  return deleted
}

function startMonitor(net: TestNetns, deleted: string[]): ChildProcess {
  const child = net.spawn('ip', ['monitor', 'route'], { stdio: ['ignore', 'pipe', 'ignore'] })
  if (!child.stdout) throw new Error('ip monitor has no output')
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (line.startsWith('Deleted')) deleted.push(line)
  })
  return child
}

/** It does not say so: it is shown the deletion of a route that nobody uses, until it tells of it. */
async function untilItListens(net: TestNetns, deleted: string[], marker: string, call: Call): Promise<void> {
  const listens = (): boolean => {
    net.ip(`route add blackhole ${marker}`, `route del blackhole ${marker}`)
    return deleted.some((line) => line.includes(marker))
  }
  await eventually('ip monitor listens', listens, call)
}
