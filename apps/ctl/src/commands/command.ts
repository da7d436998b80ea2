import type { Call } from '@tortie/runtime'
import type { Connection } from '../connection.ts'

/** The process, as commands see it. */
export interface Shell {
  readonly environment: Readonly<Record<string, string | undefined>>
  stdout(text: string): void
  stderr(text: string): void
}

export interface CommandContext {
  readonly connection: Connection
  readonly shell: Shell
  readonly call: Call
}

/** A command returns its exit code: 0 for success, 1 for anything else (spec 06 §1). */
export type ExitCode = 0 | 1
