import { writeSync } from 'node:fs'
import type { Facts, Log, LogLevel } from '@tortie/runtime'
import { createLogFile, type Sink } from './log-file.ts'
import type { LogOptions } from './options.ts'

const order: readonly LogLevel[] = ['debug', 'info', 'warn', 'error']

/** Lines on standard error, and in the file that the network config names. */
export function createCniLog(
  options: LogOptions,
  nowMs: () => number = Date.now,
  stderr: Sink = (line) => void writeSync(2, line),
): Log {
  const file = createLogFile(options, nowMs, stderr)
  const least = order.indexOf(options.level)
  const make = (base: Facts): Log => {
    const at =
      (level: LogLevel) =>
      (event: string, facts: Facts = {}): void => {
        if (order.indexOf(level) < least) return
        const line = formatLine(nowMs(), level, options.component, event, { ...base, ...facts })
        stderr(line)
        file(line)
      }
    return {
      debug: at('debug'),
      info: at('info'),
      warn: at('warn'),
      error: at('error'),
      with: (facts) => make({ ...base, ...facts }),
    }
  }
  return make({})
}

/** `2026-08-10 12:00:00.123 [INFO][4711] cni-plugin: cni.add.done containerId="…"` */
export function formatLine(nowMs: number, level: LogLevel, component: string, event: string, facts: Facts): string {
  const time = new Date(nowMs).toISOString().replace('T', ' ').slice(0, -1)
  const pairs = Object.entries(facts).map(([key, value]) => ` ${key}=${formatFact(value)}`)
  return `${time} [${level.toUpperCase()}][${process.pid}] ${component}: ${event}${pairs.join('')}\n`
}

function formatFact(value: unknown): string {
  if (value instanceof Error) return JSON.stringify(value.message)
  return JSON.stringify(value, (_, item) => (typeof item === 'bigint' ? `${item}` : item)) ?? 'undefined'
}
