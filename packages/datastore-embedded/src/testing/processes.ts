import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

export interface Child extends Disposable {
  /** Everything that it said, in order. */
  readonly lines: readonly string[]
  /** The next line that nobody took. */
  next(): Promise<string>
  /** Until it ended by itself. @throws Error with what it complained of */
  ended(): Promise<void>
  /** kill -9; resolves when it is dead and all that it said has been read. */
  kill(): Promise<void>
}

/** Starts `child.ts` with a role: `increment PATH TIMES KEY…`, `watch PATH PREFIX` or `hear FILE`. */
export function startChild(role: 'increment' | 'watch' | 'hear', path: string, ...rest: readonly string[]): Child {
  const script = fileURLToPath(new URL('./child.ts', import.meta.url))
  const options = ['--conditions=@tortie/source', '--disable-warning=ExperimentalWarning']
  const child = spawn(process.execPath, [...options, script, role, path, ...rest], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  return follow(child)
}

function follow(child: ChildProcess & { readonly stdout: NonNullable<ChildProcess['stdout']> | null }): Child {
  const lines: string[] = []
  let taken = 0
  let complaints = ''
  let wake: () => void = () => undefined
  child.stderr?.on('data', (chunk) => {
    complaints += String(chunk)
  })
  if (child.stdout === null) throw new Error('no standard output')
  const output = createInterface(child.stdout)
  output.on('line', (line) => {
    lines.push(line)
    wake()
  })
  const closed = once(child, 'close').then(() => wake())
  return {
    lines,
    async next() {
      for (;;) {
        const line = lines[taken]
        if (line !== undefined) {
          taken++
          return line
        }
        if (child.exitCode !== null || child.signalCode !== null) throw new Error(`the process ended: ${complaints}`)
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    },
    async ended() {
      await closed
      if (child.exitCode !== 0) throw new Error(`exit code ${child.exitCode}: ${complaints}`)
    },
    async kill() {
      child.kill('SIGKILL')
      await closed
      // Half a line is an acknowledgement that was not given.
    },
    [Symbol.dispose]: () => void child.kill('SIGKILL'),
  }
}
