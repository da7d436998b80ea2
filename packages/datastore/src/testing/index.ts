/** For tests: an in-memory datastore, faults, and the laws that every driver obeys. */
export { type Countdown, Crash, crashAfter, loseAnswers, pauseBefore } from './crash.ts'
export { memoryDatastore } from './memory-datastore.ts'
