import type { Facts, Log } from '@tortie/runtime'
import { type Logger, pino } from 'pino'

/** One JSON object a line on standard output; the level may be changed while running. */
export function createLog(): { readonly log: Log; setLevel(severity: string): void } {
  const logger = pino({
    level: 'info',
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (level) => ({ level }) },
    serializers: { error: pino.stdSerializers.err },
  })
  return { log: wrap(logger), setLevel: (severity) => (logger.level = levels[severity] ?? 'info') }
}

/** Calico's names of LogSeverityScreen. */
const levels: Readonly<Record<string, string>> = {
  TRACE: 'trace',
  DEBUG: 'debug',
  INFO: 'info',
  WARNING: 'warn',
  ERROR: 'error',
  FATAL: 'fatal',
}

function wrap(logger: Logger): Log {
  const at =
    (level: 'debug' | 'info' | 'warn' | 'error') =>
    (event: string, facts: Facts = {}): void =>
      logger[level](facts, event)
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    with: (facts) => wrap(logger.child(facts)),
  }
}
