import { runAgent } from './agent.ts'
import { createLog } from './log.ts'
import { readSettings } from './settings.ts'

const { log, setLevel } = createLog()
const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => stop.abort(new Error(`stopped by ${signal}`)))

try {
  await runAgent(readSettings(process.env), { log, setLevel }, { signal: stop.signal })
} catch (error) {
  if (stop.signal.aborted) log.info('agent.stopped', { why: (stop.signal.reason as Error).message })
  else {
    log.error('agent.failed', { error })
    process.exitCode = 1
  }
}
// Sockets and timers of a failed start must not keep the process; the kernel keeps enforcing what it holds.
process.exit()
