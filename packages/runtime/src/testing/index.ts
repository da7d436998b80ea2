/** Ports for tests: a clock that moves when told, random that repeats, a log that remembers. */
export { recordingLog } from './recording-log.ts'
export { seededRandom } from './seeded-random.ts'
export { type VirtualClock, virtualClock } from './virtual-clock.ts'
