import type { Golden } from './golden.ts'
import { bridgeGoldens, headerGoldens } from './header-goldens.ts'
import { keyGoldens } from './key-goldens.ts'
import { setGoldens } from './set-goldens.ts'
import { natGoldens, statementGoldens } from './statement-goldens.ts'

/** Every match and action, and every kind of expression but those in `beyondThisKernel`. */
export const goldens: readonly Golden[] = [
  ...headerGoldens,
  ...bridgeGoldens,
  ...setGoldens,
  ...keyGoldens,
  ...statementGoldens,
  ...natGoldens,
]

/** Kinds without a golden, and why. */
export const withoutGolden: Readonly<Record<string, string>> = {
  'flow-offload': 'needs a flow table, which many test kernels are built without',
  unknown: 'is what this package does not know',
}
