/** What the outside hands to pure code: clock, random, log, meter, cancellation; and the base of every error. */
export { type Backoff, createBackoff } from './backoff.ts'
export type { Call } from './call.ts'
export type { Clock } from './clock.ts'
export { type ErrorKind, errorKind, isRetryable, TortieError } from './errors.ts'
export { type Facts, type Log, type LogLevel, silentLog } from './log.ts'
export { type Counter, type Gauge, type Histogram, type Meter, silentMeter } from './meter.ts'
export { createQueue, type Queue } from './queue.ts'
export type { Random } from './random.ts'
