import type { Flags } from './flags.ts'

/** Flags of every command. Spec 06 §1. */
export const globals = {
  'log-level': {
    kind: 'text',
    short: 'l',
    initial: 'panic',
    choices: ['panic', 'fatal', 'error', 'warn', 'info', 'debug'],
    help: 'what to log on standard error: panic, fatal, error, warn, info or debug',
  },
  context: { kind: 'text', initial: '', help: 'context of the kubeconfig' },
  'allow-version-mismatch': { kind: 'switch', help: 'go on where the cluster follows another release' },
} as const satisfies Flags
