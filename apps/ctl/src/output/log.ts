import { type Facts, type Log, type LogLevel, silentLog } from '@tortie/runtime'
import { CtlError } from '../errors.ts'
import type { Shell } from '../shell.ts'

const levels: readonly LogLevel[] = ['error', 'warn', 'info', 'debug']
/** By calicoctl's names: the least important that is written; `panic` and `fatal` say nothing of their own. */
const least: Readonly<Record<string, LogLevel | undefined>> = {
  panic: undefined,
  fatal: undefined,
  error: 'error',
  warn: 'warn',
  warning: 'warn',
  info: 'info',
  debug: 'debug',
  trace: 'debug',
}

/** @throws CtlError for a name that is no level. Spec 06 §1 */
export function checkLogLevel(level: string): void {
  if (!Object.hasOwn(least, level.toLowerCase()))
    throw new CtlError(`unknown log level: ${level}, expected one of: panic, fatal, error, warn, info, debug`)
}

/** Lines of JSON on standard error, from `level` upwards. */
export function createLog(level: string, shell: Pick<Shell, 'stderr'>): Log {
  const limit = least[level.toLowerCase()]
  return limit === undefined ? silentLog : logOf(levels.slice(0, levels.indexOf(limit) + 1), {}, shell)
}

function logOf(written: readonly LogLevel[], common: Facts, shell: Pick<Shell, 'stderr'>): Log {
  const write =
    (level: LogLevel) =>
    (event: string, facts: Facts = {}): void => {
      if (written.includes(level)) shell.stderr(`${JSON.stringify({ level, event, ...common, ...facts }, shown)}\n`)
    }
  return {
    error: write('error'),
    warn: write('warn'),
    info: write('info'),
    debug: write('debug'),
    with: (facts) => logOf(written, { ...common, ...facts }, shell),
  }
}

function shown(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString()
  return value instanceof Error ? value.message : value
}
