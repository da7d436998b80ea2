/** Desired and observed state: the smallest difference, and the loop that removes it. */
export { type Change, diff, type Equal } from './diff.ts'
export { reconcile, type Target } from './reconcile.ts'
