import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestNetns } from '@tortie/linux/testing'
import type { Call } from '@tortie/runtime'
import { type Daemon, query, startDaemon } from './process.ts'

/** The daemons of FRR that tests use; zebra always runs. */
export type FrrDaemon = 'zebra' | 'bgpd' | 'bfdd'

export interface Frr {
  /** What `vtysh` prints for the commands, one after the other. */
  vtysh(...commands: string[]): Promise<string>
  /** The answer to one `show … json`. */
  show(command: string): Promise<unknown>
  readonly daemons: Readonly<Partial<Record<FrrDaemon, Daemon>>>
  stop(): Promise<void>
  kill(): Promise<void>
}

const programs = '/usr/lib/frr'

/**
 * Starts zebra and the daemons that have a configuration, and waits until each answers.
 * @param configs the configuration of each daemon
 * @param dir a directory of its own, for sockets and configurations; made, and given to the user `frr`
 * @param options `bgpd`: more arguments for it, e.g. `['-l', '10.0.0.3']`
 */
export async function startFrr(
  netns: TestNetns,
  configs: Readonly<Partial<Record<FrrDaemon, string>>>,
  dir: string,
  signal: AbortSignal,
  options: { readonly bgpd?: readonly string[] } = {},
): Promise<Frr> {
  const call: Call = { signal }
  mkdirSync(dir, { recursive: true })
  // Its daemons insist on their own user.
  execFileSync('chown', ['frr:frr', dir])
  const vtysh = (...commands: string[]): Promise<string> =>
    query(netns, 'vtysh', ['--vty_socket', dir, ...commands.flatMap((command) => ['-c', command])], call)
  const daemons: Partial<Record<FrrDaemon, Daemon>> = {}
  const endAll = async (how: 'stop' | 'kill'): Promise<void> => {
    for (const name of ['bgpd', 'bfdd', 'zebra'] as const) await daemons[name]?.[how]()
  }
  try {
    for (const name of ['zebra', 'bfdd', 'bgpd'] as const) {
      const config = name === 'zebra' ? (configs.zebra ?? '') : configs[name]
      if (config === undefined) continue
      const file = join(dir, `${name}.conf`)
      writeFileSync(file, config)
      const args = [...argumentsOf(name, dir, file), ...(name === 'bgpd' ? (options.bgpd ?? []) : [])]
      const ready = async (): Promise<boolean> => {
        await query(netns, 'vtysh', ['--vty_socket', dir, '-d', name, '-c', 'show version'], call)
        return true
      }
      daemons[name] = await startDaemon(netns, { command: join(programs, name), args, ready }, call)
    }
  } catch (error) {
    await endAll('kill')
    throw error
  }
  return {
    vtysh,
    show: async (command) => JSON.parse(await vtysh(`show ${command} json`)) as unknown,
    daemons,
    stop: () => endAll('stop'),
    kill: () => endAll('kill'),
  }
}

/** In the foreground, without the TCP port of vty. */
function argumentsOf(name: FrrDaemon, dir: string, file: string): string[] {
  const shared = ['-P', '0', '--log', 'stdout', '--vty_socket', dir]
  const places = ['-z', join(dir, 'zserv.api'), '-i', join(dir, `${name}.pid`), '-f', file]
  return [...shared, ...places, ...(name === 'bfdd' ? ['--bfdctl', join(dir, 'bfdd.sock')] : [])]
}
