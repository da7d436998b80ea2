export type LogLevel = 'debug' | 'info' | 'warn' | 'error'
export type Facts = Readonly<Record<string, unknown>>

/** Structured log: `event` is a stable dotted name (`ipam.block.claimed`), everything variable is in `facts`. */
export interface Log {
  debug(event: string, facts?: Facts): void
  info(event: string, facts?: Facts): void
  warn(event: string, facts?: Facts): void
  error(event: string, facts?: Facts): void
  /** A log whose lines also carry `facts`. */
  with(facts: Facts): Log
}

const nothing = (): void => undefined

export const silentLog: Log = {
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
  with: () => silentLog,
}
