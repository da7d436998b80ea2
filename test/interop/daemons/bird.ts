import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestNetns } from '@tortie/linux/testing'
import type { Call } from '@tortie/runtime'
import { type Daemon, query, startDaemon } from './process.ts'

export interface Bird extends Daemon {
  /** What `birdc` prints, e.g. `birdc('show', 'protocols', 'all', 'dut')`. */
  birdc(...words: string[]): Promise<string>
  /** Replaces the configuration; what need not be reset is not. */
  configure(config: string): Promise<void>
}

/**
 * Starts BIRD 2 and waits until it answers.
 * @param dir a directory of its own, for its configuration and control socket; made
 * @param options `graceful`: it recovers from a restart (`-R`)
 */
export async function startBird(
  netns: TestNetns,
  config: string,
  dir: string,
  signal: AbortSignal,
  options: { readonly graceful?: boolean } = {},
): Promise<Bird> {
  const file = join(dir, 'bird.conf')
  const socket = join(dir, 'bird.ctl')
  const call: Call = { signal }
  mkdirSync(dir, { recursive: true })
  writeFileSync(file, config)
  const birdc = (...words: string[]): Promise<string> => query(netns, 'birdc', ['-r', '-s', socket, ...words], call)
  const args = ['-f', '-c', file, '-s', socket, ...(options.graceful ? ['-R'] : [])]
  const ready = async (): Promise<boolean> => (await birdc('show', 'status')).includes('Daemon is up and running')
  const daemon = await startDaemon(netns, { command: 'bird', args, ready }, call)
  const drive = (...words: string[]): Promise<string> => query(netns, 'birdc', ['-s', socket, ...words], call)
  return {
    ...daemon,
    birdc: drive,
    async configure(next) {
      writeFileSync(file, next)
      const answer = await drive('configure')
      if (!/Reconfigur/.test(answer)) throw new Error(`bird refuses its configuration: ${answer}`)
    },
  }
}
