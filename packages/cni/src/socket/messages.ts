import { readlinkSync, statSync } from 'node:fs'
import type { CniReply, CniRequest } from '../ports.ts'
import type { Environment } from '../protocol/environment.ts'

/**
 * What goes over the agent's Unix socket, one JSON object a line: the agent greets, the plugin asks once, the agent
 * answers once. Nothing is asked before the greeting, so that a stuck agent never works on a request that the plugin has
 * meanwhile done itself.
 */
export interface Greeting {
  readonly tortieCni: typeof protocolVersion
  /** The agent's network namespace; a plugin of another one does not ask. */
  readonly netns: string
}

export interface Question {
  readonly program: string
  readonly args: readonly string[]
  readonly env: Environment
  readonly stdin: string
  /** The container's namespace as the plugin sees it, so that an agent with other mounts refuses. Empty: none there. */
  readonly sandbox: string
}

export type Answer = CniReply | { readonly refused: string }

export const protocolVersion = 1

/** What of the environment matters to a command. */
const passed = /^(CNI_|CALICO_|TORTIE_|ETCD_|DATASTORE_TYPE$|EMBEDDED_PATH$)/

export function question({ program, args, env }: CniRequest, stdin: string): Question {
  return {
    program,
    args,
    env: Object.fromEntries(Object.entries(env).filter(([name]) => passed.test(name))),
    stdin,
    sandbox: netnsIdentity(env.CNI_NETNS ?? ''),
  }
}

/** The network namespace this process runs in, as the kernel writes it: `net:[4026531840]`. */
export function ownNetns(): string {
  return readlinkSync('/proc/self/ns/net')
}

/** The same for a path; empty when nothing is there. */
export function netnsIdentity(path: string): string {
  const stat = path === '' ? undefined : statSync(path, { throwIfNoEntry: false })
  return stat === undefined ? '' : `${stat.dev}:${stat.ino}`
}

/** Splits a stream into lines. The returned function takes a chunk and gives the lines that it completed. */
export function lineReader(): (chunk: string) => string[] {
  let rest = ''
  return (chunk) => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    return lines
  }
}
