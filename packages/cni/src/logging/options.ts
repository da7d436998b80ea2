import type { LogLevel } from '@tortie/runtime'
import type { NetworkConfig } from '../config/network-config.ts'

/** Where log lines go besides standard error: spec 04 §15. */
export interface LogOptions {
  readonly level: LogLevel
  /** Empty: no file. */
  readonly file: string
  readonly maxSizeBytes: number
  readonly maxAgeMs: number
  readonly maxCount: number
  /** `cni-plugin` or `ipam`. */
  readonly component: string
}

const levels: Readonly<Record<string, LogLevel>> = { debug: 'debug', info: 'info', warning: 'warn', error: 'error' }
const dayMs = 86_400_000

export function logOptions(config: NetworkConfig, component: string): LogOptions {
  return {
    level: levels[config.log_level.toLowerCase()] ?? 'info',
    file: config.log_file_path,
    maxSizeBytes: (config.log_file_max_size || 100) * 1_000_000,
    maxAgeMs: (config.log_file_max_age || 30) * dayMs,
    maxCount: config.log_file_max_count || 10,
    component,
  }
}
