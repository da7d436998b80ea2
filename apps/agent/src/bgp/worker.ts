/** The BGP thread: a speaker over real sockets, and its routes in the kernel. It does what the main thread tells it. */
import { parentPort, workerData } from 'node:worker_threads'
import { createSpeaker } from '@tortie/bgp'
import { createBgpRoutes, defaultBgpRoutesConfig } from '@tortie/hostnet'
import type { Family } from '@tortie/ip'
import { createMonitor, openNetlink, openTcpNetwork } from '@tortie/linux'
import { createRtnetlink, type NetlinkTransport, RT_TABLE_MAIN, routes } from '@tortie/netlink'
import { answerBgp, createBgpEngine } from '@tortie/node'
import type { Call } from '@tortie/runtime'
import { systemClock, systemRandom, yieldTurn } from '@tortie/runtime/system'
import { createLog } from '../log.ts'
import { serveCalls } from '../threads/calls.ts'
import { measureLoopLag } from './loop-lag.ts'
import type { BgpThreadCalls, BgpThreadData } from './messages.ts'
import { serveBgpSocket } from './socket.ts'

const NETLINK_ROUTE = 0

/** Levels of BGPConfiguration in the words of the log. What is an error is always told. */
const severities: Readonly<Record<string, string>> = { debug: 'DEBUG', info: 'INFO', none: 'ERROR' }

/** Families of which routes of BGP are in the kernel already. */
async function keptFamilies(route: NetlinkTransport, call: Call): Promise<Family[]> {
  const { protocol } = defaultBgpRoutesConfig
  const rt = createRtnetlink(route)
  const has = async (family: Family): Promise<boolean> => {
    let found = false
    const visit = (one: { readonly protocol: number }): void => {
      found ||= one.protocol === protocol
    }
    await rt.scan(routes({ family, table: RT_TABLE_MAIN, protocol }), () => visit, call)
    return found
  }
  return [...((await has(4)) ? [4 as const] : []), ...((await has(6)) ? [6 as const] : [])]
}

/** Of the thread that follows one that broke, too. */
function sharedFlag(buffer: SharedArrayBuffer): { asked: boolean } {
  const flag = new Int32Array(buffer)
  return {
    get asked() {
      return Atomics.load(flag, 0) === 1
    },
    set asked(value) {
      Atomics.store(flag, 0, value ? 1 : 0)
    },
  }
}

async function main(
  port: NonNullable<typeof parentPort>,
  { socketPath, logLevel, drained }: BgpThreadData,
): Promise<never> {
  const call: Call = { signal: new AbortController().signal }
  const { log: whole, setLevel } = createLog()
  const log = whole.with({ part: 'bgp' })
  const route = openNetlink({ protocol: NETLINK_ROUTE })
  const monitor = createMonitor({ protocol: NETLINK_ROUTE, except: route.portId })
  const network = openTcpNetwork()
  const kept = await keptFamilies(route, call)
  await using kernel = createBgpRoutes({ route, monitor, clock: systemClock, log })
  const ports = { network, clock: systemClock, random: systemRandom, log, yieldTurn }
  const engine = createBgpEngine({
    createSpeaker: (config, options) => createSpeaker(config, ports, options),
    kernel,
    kept,
    drained: sharedFlag(drained),
    clock: systemClock,
    log,
    loopLagMs: measureLoopLag(),
    yieldTurn,
    setLogLevel: (level) => setLevel(severities[logLevel ?? level] ?? 'INFO'),
  })
  serveCalls(port, {
    apply: (parts) => engine.apply(parts),
    ask: ({ method, url }, asking) => answerBgp(engine, method, url, asking),
  } satisfies BgpThreadCalls)
  await using _socket = await serveBgpSocket(socketPath, engine).catch((error: unknown) => {
    const remedy = 'sessions and routes go on; set TORTIE_BGP_SOCKET to a place where a socket can be made'
    log.error('bgp.socket.failed', { path: socketPath, error, remedy })
    return undefined
  })
  return await engine.run(call)
}

if (parentPort) await main(parentPort, workerData as BgpThreadData)
