/** For tests: an in-memory datastore, faults, and the laws that every driver obeys. */
export { type Countdown, Crash, crashAfter, loseAnswers, pauseBefore } from './crash.ts'
export { createFaults, type Faults } from './faults.ts'
export { datastoreLaws } from './laws/datastore-laws.ts'
export type { DatastoreLaw, DatastoreSubject, Law } from './laws/law.ts'
export { createReplay, type Replay } from './laws/replay.ts'
export { memoryDatastore } from './memory-datastore.ts'
