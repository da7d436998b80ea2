import type { Call } from '@tortie/runtime'
import type { Connection } from './connection.ts'
import type { Host } from './host.ts'

/** The process, as commands see it. */
export interface Shell {
  /** By which name it was called: `tortiectl`, `calicoctl` or `kubectl-calico`. */
  readonly name: string
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly host: Host
  /** Everything that standard input has to give. */
  stdin(): Promise<string>
  stdout(text: string): void
  /** Resolves when more may be written. */
  stdoutBytes(bytes: Uint8Array): Promise<void>
  stderr(text: string): void
}

export interface CommandContext {
  readonly connection: Connection
  readonly shell: Shell
  readonly call: Call
}

/** 0 for success, 1 for anything else (spec 06 §1); of `diff` 1 is for a difference and 2 for anything else. */
export type ExitCode = 0 | 1 | 2
