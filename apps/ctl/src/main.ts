import { CommanderError } from 'commander'
import { messageOf } from './errors.ts'
import { buildProgram } from './program.ts'

const stop = new AbortController()
process.once('SIGINT', () => stop.abort(new Error('interrupted')))

const shell = {
  environment: process.env,
  stdout: (text: string) => void process.stdout.write(text),
  stderr: (text: string) => void process.stderr.write(text),
}
try {
  await buildProgram(shell, { signal: stop.signal }, (code) => {
    process.exitCode = code
  }).parseAsync(process.argv)
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 1
  else {
    shell.stderr(`${messageOf(error)}\n`)
    process.exitCode = 1
  }
}
