import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import type { Call } from '@tortie/runtime'
import type { DelegateReply } from '../ports.ts'
import type { Environment } from '../protocol/environment.ts'

/** "Text file busy": the file is being replaced. */
const busyTries = 6
const busyWaitMs = 1_000

/** Runs a plugin with this environment and config; its standard error is ours. Spec 04 §2, delegation. */
export async function runPlugin(file: string, env: Environment, stdin: string, call: Call): Promise<DelegateReply> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await runOnce(file, env, stdin, call)
    } catch (error) {
      call.signal.throwIfAborted()
      if ((error as NodeJS.ErrnoException).code !== 'ETXTBSY' || attempt === busyTries) throw error
      const { setTimeout: delay } = process.getBuiltinModule('node:timers/promises')
      await delay(busyWaitMs, undefined, { signal: call.signal })
    }
  }
}

async function runOnce(file: string, env: Environment, stdin: string, { signal }: Call): Promise<DelegateReply> {
  const child = spawn(file, [], { env: { PATH: process.env.PATH, ...env }, stdio: ['pipe', 'pipe', 'inherit'], signal })
  const ended = new Promise<number>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve(code ?? 1))
  })
  child.stdin.on('error', () => undefined) // a plugin need not read its config
  child.stdin.end(stdin)
  const [stdout, exitCode] = await Promise.all([text(child.stdout), ended])
  return { stdout, exitCode }
}
