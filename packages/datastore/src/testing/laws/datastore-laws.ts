import { abortLaws } from './abort-laws.ts'
import { faultLaws } from './fault-laws.ts'
import type { DatastoreLaw } from './law.ts'
import { objectLaws } from './objects-laws.ts'
import { watchLaws } from './watch-laws.ts'

/** What every driver of the contract makes true. Each is checked on a store of its own, empty at first. */
export const datastoreLaws: readonly DatastoreLaw[] = [...objectLaws, ...watchLaws, ...abortLaws, ...faultLaws]
