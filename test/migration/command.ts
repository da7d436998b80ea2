import { spawn } from 'node:child_process'
import { join } from 'node:path'

const main = join(import.meta.dirname, '../../apps/ctl/src/main.ts')

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs `tortiectl datastore migrate …`; kills it so long after the target was claimed, unless it has ended before. */
export async function migrateCommand(args: readonly string[], killAfterMs?: number): Promise<Ended> {
  const options = ['--conditions=@tortie/source', '--disable-warning=ExperimentalWarning']
  const child = spawn(process.execPath, [...options, main, 'datastore', 'migrate', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [stdout, stderr] = ['', '']
  let timer: NodeJS.Timeout | undefined
  child.stdout.on('data', (chunk) => {
    stdout += String(chunk)
  })
  child.stderr.on('data', (chunk) => {
    stderr += String(chunk)
    const begun = /locked the target|copied/.test(stderr)
    if (begun && killAfterMs !== undefined) timer ??= setTimeout(() => child.kill('SIGKILL'), killAfterMs)
  })
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  clearTimeout(timer)
  return { code, stdout, stderr }
}
