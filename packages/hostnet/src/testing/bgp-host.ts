import type { BestPath, BestRoute } from '@tortie/bgp'
import { createMonitor, openNetlink } from '@tortie/linux'
import { createTestNetns } from '@tortie/linux/testing'
import { systemClock } from '@tortie/runtime/system'
import { recordingLog } from '@tortie/runtime/testing'
import {
  type BgpRoutes,
  type BgpRoutesConfig,
  type BgpRoutesPorts,
  createBgpRoutes,
  defaultBgpRoutesConfig,
} from '../index.ts'

export type BgpHost = ReturnType<typeof createBgpHost>

/** A namespace with two uplinks that BGP's routes lead to. */
export function createBgpHost(bufferBytes?: number) {
  const netns = createTestNetns('learned')
  netns.ip(
    'link add up0 type bridge',
    'link add up1 type bridge',
    'link set up0 up',
    'link set up1 up',
    'addr add 10.0.0.1/24 dev up0',
    'addr add 10.1.0.1/24 dev up1',
    'addr add fd00::1/64 dev up0 nodad',
    'addr add fd01::1/64 dev up1 nodad',
  )
  const route = openNetlink({ protocol: 0, netns })
  const monitor = createMonitor({ protocol: 0, netns, ...(bufferBytes === undefined ? {} : { bufferBytes }) })
  const log = recordingLog()
  const ports = { route, monitor, clock: systemClock, log }
  return {
    netns,
    log,
    ports,
    open: (more: Partial<BgpRoutesPorts> = {}, config: Partial<BgpRoutesConfig> = {}): BgpRoutes =>
      createBgpRoutes({ ...ports, ...more }, { ...defaultBgpRoutesConfig, ...config }),
    /** As `ip route` shows them, without those of the kernel itself. */
    shown: (...args: string[]): string[] =>
      (args[0] === '-6' ? ['-6'] : ['-4'])
        .flatMap((family) =>
          netns.run('ip', '-N', family, 'route', 'show', ...args.filter((a) => a !== '-6')).split('\n'),
        )
        .map((line) => line.replace(/\s+/g, ' ').trim().replace(/^6 /, 'blackhole '))
        .filter((line) => line !== '' && !line.includes('proto 2 ')),
    /** Looks again at each change of the namespace until it is so. */
    async until(isSo: () => boolean): Promise<void> {
      const stop = new AbortController()
      // Subscribed before the first look: what changes after it is announced.
      const changes = createMonitor({ protocol: 0, netns })([1, 5, 7, 9, 11], stop)
      try {
        if (isSo()) return
        for await (const _ of changes) if (isSo()) return
      } finally {
        stop.abort()
      }
    },
    [Symbol.dispose]() {
      route[Symbol.dispose]()
      netns[Symbol.dispose]()
    },
  }
}

/** LOCAL_PREF of a route with the normal metric, 1024. */
export const normalPref = 2147483647 - 1024

export function onLink(nextHop: string, name: string, more: Partial<BestPath> = {}): BestPath {
  return bgpPath({ nextHop, resolution: { metric: 0, interface: name }, ...more })
}

export function bgpPath(more: Partial<BestPath>): BestPath {
  return { source: 'bgp', peer: 'p', preference: 100, localPref: normalPref, stale: false, ...more }
}

export const blackhole: BestPath = { source: 'static', preference: 200, localPref: normalPref, stale: false }

export function best(prefix: string, ...paths: BestPath[]): BestRoute {
  return { family: prefix.includes(':') ? 6 : 4, prefix, paths }
}
