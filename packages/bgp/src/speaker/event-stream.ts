import type { Call } from '@tortie/runtime'
import type { BestRoute } from '../rib/contract.ts'
import type { SpeakerEvent } from './speaker.ts'

/** Events that wait for one reader. `best` waits once, merged by prefix. */
interface Reader {
  readonly queue: SpeakerEvent[]
  best: Map<string, BestRoute> | undefined
  lost: number
  wake: (() => void) | undefined
}

/** Events but `best` that wait for one reader, at most. */
const longestQueue = 4096
/** Stands in a reader's queue for its merged best routes. */
const bestHere: SpeakerEvent = { kind: 'best', routes: [] }

/** Gives every event to every reader; a slow one holds up nobody and costs bounded memory. */
export class EventStream {
  private readonly readers = new Set<Reader>()

  get hasReaders(): boolean {
    return this.readers.size > 0
  }

  emit(event: SpeakerEvent): void {
    for (const reader of this.readers) {
      if (event.kind === 'best') addBest(reader, event.routes)
      else if (reader.queue.length < longestQueue || isNeverLost(event)) reader.queue.push(event)
      else reader.lost++
      reader.wake?.()
    }
  }

  /** Everything from this call on, also before the first `next`. Ends by throwing `signal.reason`. */
  read(call: Call): AsyncIterable<SpeakerEvent> {
    const reader: Reader = { queue: [], best: undefined, lost: 0, wake: undefined }
    this.readers.add(reader)
    call.signal.addEventListener('abort', () => this.readers.delete(reader), { once: true })
    const generate = async function* (readers: Set<Reader>): AsyncGenerator<SpeakerEvent> {
      try {
        for (;;) {
          call.signal.throwIfAborted()
          const event = take(reader)
          if (event) yield event
          else await woken(reader, call)
        }
      } finally {
        readers.delete(reader)
      }
    }
    return generate(this.readers)
  }
}

/** Who misses one of these is wrong for ever; there are few of them. */
const isNeverLost = ({ kind }: SpeakerEvent): boolean => kind === 'recovered' || kind === 'next-hops'

function addBest(reader: Reader, routes: readonly BestRoute[]): void {
  if (!reader.best) {
    reader.best = new Map()
    reader.queue.push(bestHere)
  }
  for (const route of routes) reader.best.set(route.prefix, route)
}

function take(reader: Reader): SpeakerEvent | undefined {
  const event = reader.queue.shift()
  if (event === bestHere && reader.best) {
    const routes = [...reader.best.values()]
    reader.best = undefined
    return { kind: 'best', routes }
  }
  if (event || reader.lost === 0) return event
  const why = `${reader.lost} events are lost: this reader was too slow`
  reader.lost = 0
  return { kind: 'problem', why }
}

async function woken(reader: Reader, { signal }: Call): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = (): void => {
      reader.wake = undefined
      signal.removeEventListener('abort', done)
      resolve()
    }
    reader.wake = done
    signal.addEventListener('abort', done, { once: true })
  })
}
