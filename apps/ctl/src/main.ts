import { parse } from 'node:path'
import { systemHost } from './host.ts'
import { runProgram } from './program.ts'
import type { Shell } from './shell.ts'

const stop = new AbortController()
process.once('SIGINT', () => stop.abort(new Error('interrupted')))

/** As a shell reports a program that SIGPIPE ended, which is how calicoctl ends then. */
const brokenPipe = 141
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(brokenPipe)
    if (stream === process.stdout) process.stderr.write(`standard output cannot be written: ${error.message}\n`)
    process.exit(1)
  })

/** As a plugin of kubectl it is called `kubectl-calico`, whatever follows the dash. Spec 06 §1. */
function nameOf(called: string): string {
  if (called.startsWith('kubectl-')) return 'kubectl-calico'
  return called === 'calicoctl' ? called : 'tortiectl'
}

const shell: Shell = {
  name: nameOf(parse(process.argv[1] ?? '').name),
  environment: process.env,
  host: systemHost,
  // Asynchronously: a pipe that does not block answers EAGAIN to a plain read.
  stdin: async () => (await import('node:stream/consumers')).text(process.stdin),
  stdout: (text) => void process.stdout.write(text),
  stdoutBytes: (bytes) => new Promise((resolve) => process.stdout.write(bytes, () => resolve())),
  stderr: (text) => void process.stderr.write(text),
}
process.exitCode = await runProgram(process.argv.slice(2), shell, { signal: stop.signal })
