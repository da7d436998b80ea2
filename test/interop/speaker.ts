/** Our speaker on the kernel's sockets, inside a namespace. */
import type {
  Network,
  PathMonitor,
  PeerStatus,
  Speaker,
  SpeakerConfig,
  SpeakerEvent,
  SpeakerOptions,
} from '@tortie/bgp'
import { createSpeaker } from '@tortie/bgp'
import { type Netns, openTcpNetwork } from '@tortie/linux'
import { type Call, silentLog } from '@tortie/runtime'
import { systemClock, systemRandom, yieldTurn } from '@tortie/runtime/system'

export interface RunningSpeaker {
  readonly speaker: Speaker
  /** What it was started with. */
  readonly config: SpeakerConfig
  readonly events: readonly SpeakerEvent[]
  peer(key: string): PeerStatus
  /** Waits for an event, or something else that events bring about. @throws Error with `what` after 30 s */
  until(what: string, holds: () => boolean, timeoutMs?: number): Promise<void>
  established(...keys: string[]): Promise<void>
  /** Prefixes of its best routes. */
  best(): string[]
  /** Ends as a crash would for the others: without a word. */
  end(): Promise<void>
}

export function startSpeaker(
  netns: Netns,
  config: Partial<SpeakerConfig> & Pick<SpeakerConfig, 'routerId' | 'peers'>,
  { signal }: Call,
  options: SpeakerOptions & { readonly through?: (network: Network) => Network; readonly bfd?: PathMonitor } = {},
): RunningSpeaker {
  const { through = (network) => network, bfd, ...rest } = options
  const own = new AbortController()
  signal.addEventListener('abort', () => own.abort(new Error('the test is over')), { once: true })
  const whole: SpeakerConfig = {
    listen: [
      { family: 4, port: 179 },
      { family: 6, port: 179 },
    ],
    recoveryTime: 30,
    maxPaths: 16,
    ...config,
  }
  const ports = {
    network: through(openTcpNetwork({ netns })),
    clock: systemClock,
    random: systemRandom,
    log: silentLog,
    yieldTurn,
    ...(bfd && { bfd }),
  }
  const speaker = createSpeaker(whole, ports, { resolveByDefault: { metric: 0 }, ...rest })
  const events: SpeakerEvent[] = []
  const watchers = new Set<() => void>()
  const listening = speaker.events(own)
  const collect = async (): Promise<void> => {
    for await (const event of listening) {
      events.push(event)
      for (const watch of watchers) watch()
    }
  }
  let failure: unknown
  const running = Promise.all([
    collect().catch(() => undefined),
    speaker.run(own).catch((error: unknown) => {
      if (!own.signal.aborted) failure = error
    }),
  ])
  const peer = (key: string): PeerStatus => {
    const status = speaker.peers().find((one) => one.key === key)
    if (!status) throw new Error(`there is no peer ${key}`)
    return status
  }
  const until = async (what: string, holds: () => boolean, timeoutMs = 30_000): Promise<void> => {
    const describe = (): string =>
      speaker
        .peers()
        .map(({ key, state, received, accepted, sent, flaps, lastError }) =>
          JSON.stringify({ key, state, received, accepted, sent, flaps, lastError }),
        )
        .join('\n')
    await new Promise<void>((resolve, reject) => {
      const finish = (error?: Error): void => {
        watchers.delete(watch)
        clearTimeout(timer)
        clearInterval(poll)
        if (error) reject(error)
        else resolve()
      }
      const watch = (): void => {
        try {
          if (failure) throw failure
          if (holds()) finish()
        } catch (error) {
          finish(error as Error)
        }
      }
      const timer = setTimeout(() => finish(new Error(`not within ${timeoutMs} ms: ${what}\n${describe()}`)), timeoutMs)
      // Counters change without an event.
      const poll = setInterval(watch, 50)
      watchers.add(watch)
      watch()
    })
  }
  return {
    speaker,
    config: whole,
    events,
    peer,
    until,
    established: (...keys) =>
      until(`${keys.join(', ')} established`, () => keys.every((key) => peer(key).state === 'Established')),
    best: () => [...speaker.best(4), ...speaker.best(6)].map(({ prefix }) => prefix).sort(),
    async end() {
      own.abort(new Error('it ends'))
      await running
    },
  }
}
