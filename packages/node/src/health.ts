import type { Clock } from '@tortie/runtime'

/** One part's state; the failing leaf names cause and remedy. */
export interface Report {
  readonly live: boolean
  readonly ready: boolean
  readonly why?: string
  readonly remedy?: string
}

export interface Health {
  /** A part says how it is; it must speak again within its `timeoutMs` if it was registered with one. */
  report(part: string, report: Report): void
  /** Everything together; parts that fell silent are not live. */
  summary(): { readonly live: boolean; readonly ready: boolean; readonly parts: ReadonlyMap<string, Report> }
}

export interface PartOptions {
  /** 0: may stay silent for ever. */
  readonly timeoutMs: number
}

/** @param parts each is not ready until its first report */
export function createHealth(parts: Readonly<Record<string, PartOptions>>, clock: Clock): Health {
  const last = new Map<string, { readonly report: Report; readonly atMs: number }>()
  for (const part of Object.keys(parts))
    last.set(part, { report: { live: true, ready: false, why: 'starting' }, atMs: clock.monotonicMs() })
  return {
    report(part, report) {
      last.set(part, { report, atMs: clock.monotonicMs() })
    },
    summary() {
      const now = clock.monotonicMs()
      const all = new Map<string, Report>()
      for (const [part, { report, atMs }] of last) {
        const timeoutMs = parts[part]?.timeoutMs ?? 0
        const silent = timeoutMs > 0 && now - atMs > timeoutMs
        const why = `silent for ${Math.round((now - atMs) / 1000)} s`
        all.set(part, silent ? { live: false, ready: false, why, remedy: 'restart the agent' } : report)
      }
      const reports = [...all.values()]
      return { live: reports.every((r) => r.live), ready: reports.every((r) => r.ready), parts: all }
    },
  }
}
