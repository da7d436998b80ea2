import type { Facts, Log, LogLevel } from '../log.ts'

export interface LogLine {
  readonly level: LogLevel
  readonly event: string
  readonly facts: Facts
}

export function recordingLog(): Log & { readonly lines: readonly LogLine[] } {
  const lines: LogLine[] = []
  const make = (base: Facts): Log => {
    const at =
      (level: LogLevel) =>
      (event: string, facts: Facts = {}): void => {
        lines.push({ level, event, facts: { ...base, ...facts } })
      }
    return {
      debug: at('debug'),
      info: at('info'),
      warn: at('warn'),
      error: at('error'),
      with: (facts) => make({ ...base, ...facts }),
    }
  }
  return { ...make({}), lines }
}
