import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestNetns } from '@tortie/linux/testing'
import type { Call } from '@tortie/runtime'
import { type Daemon, query, startDaemon } from './process.ts'

export interface Gobgp extends Daemon {
  /** What `gobgp` prints, e.g. `gobgp('global', 'rib', '-a', 'ipv4')`. */
  gobgp(...words: string[]): Promise<string>
}

/**
 * Starts GoBGP and waits until it answers; its API listens on 127.0.0.1 of the namespace.
 * @param config TOML
 * @param dir a directory of its own; made
 * @param options `graceful`: it recovers from a restart (`-r`)
 */
export async function startGobgp(
  netns: TestNetns,
  config: string,
  dir: string,
  signal: AbortSignal,
  options: { readonly graceful?: boolean } = {},
): Promise<Gobgp> {
  const file = join(dir, 'gobgpd.toml')
  const call: Call = { signal }
  mkdirSync(dir, { recursive: true })
  writeFileSync(file, config)
  const gobgp = (...words: string[]): Promise<string> => query(netns, 'gobgp', words, call)
  const args = ['-t', 'toml', '-f', file, '--api-hosts', '127.0.0.1:50051', '--pprof-disable']
  if (options.graceful) args.push('-r')
  // It answers before it has read its file.
  const ready = async (): Promise<boolean> => /AS:\s+[1-9]/.test(await gobgp('global'))
  const daemon = await startDaemon(netns, { command: 'gobgpd', args, ready }, call)
  return { ...daemon, gobgp }
}
