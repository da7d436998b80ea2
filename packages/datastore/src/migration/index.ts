/** Moves everything that a datastore holds into another, lossless, resumable, verified. */
export { MigrationError, type MigrationErrorCode } from './errors.ts'
export {
  foreseeMigration,
  type MigrationOptions,
  type MigrationProgress,
  type MigrationReport,
  type MigrationStores,
  migrate,
} from './migrate.ts'
export { type MigrationPlan, type MigrationStep, migratedRange, planMigration } from './plan.ts'
