import { CniError } from '../errors.ts'

export type Command = 'ADD' | 'DEL' | 'CHECK' | 'GC' | 'STATUS' | 'VERSION'
export type Environment = Readonly<Record<string, string | undefined>>

const variables = ['CNI_CONTAINERID', 'CNI_NETNS', 'CNI_IFNAME', 'CNI_PATH'] as const
type Variable = (typeof variables)[number]

/** Which variables a command cannot do without: spec 04 §2. */
export const requiredVariables: Readonly<Record<Command, readonly Variable[]>> = {
  ADD: ['CNI_CONTAINERID', 'CNI_NETNS', 'CNI_IFNAME', 'CNI_PATH'],
  DEL: ['CNI_CONTAINERID', 'CNI_IFNAME', 'CNI_PATH'],
  CHECK: ['CNI_CONTAINERID', 'CNI_NETNS', 'CNI_IFNAME', 'CNI_PATH'],
  GC: ['CNI_PATH'],
  STATUS: ['CNI_PATH'],
  VERSION: [],
}

/** What a runtime asks for through environment variables. Text that the command does not need may be empty. */
export interface Invocation {
  readonly command: Command
  readonly containerId: string
  /** Path of the container's network namespace. */
  readonly netns: string
  readonly ifname: string
  /** Directories of plugins, from CNI_PATH. */
  readonly path: readonly string[]
  /** CNI_ARGS as given. */
  readonly args: string
  /** CNI_NETNS_OVERRIDE: the container's namespace may be the plugin's own. */
  readonly ownNetnsAllowed: boolean
}

export const nameRule = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/

/** @throws CniError cni/bad-environment: all that are missing at once, or the first that cannot be used */
export function parseEnvironment(env: Environment): Invocation {
  const command = env.CNI_COMMAND ?? ''
  const value = (name: Variable): string => env[name] ?? ''
  const required = Object.hasOwn(requiredVariables, command) ? requiredVariables[command as Command] : []
  const missing = required.filter((name) => value(name) === '')
  const wrong = complainAboutContainer(value('CNI_CONTAINERID')) ?? complainAboutIfname(value('CNI_IFNAME'))
  if (required.length > 1 && wrong !== undefined && !missing.includes(wrong.variable))
    throw new CniError('cni/bad-environment', wrong.why)
  if (missing.length > 0)
    throw new CniError('cni/bad-environment', {
      why: `required environment variables [${missing.join(',')}] are missing`,
      details: `CNI_COMMAND=${command} needs ${required.join(', ')}; the container runtime sets them`,
    })
  return {
    command: command as Command,
    containerId: value('CNI_CONTAINERID'),
    netns: value('CNI_NETNS'),
    ifname: value('CNI_IFNAME'),
    path: value('CNI_PATH').split(':').filter(Boolean),
    args: env.CNI_ARGS ?? '',
    ownNetnsAllowed: /^(TRUE|1)$/i.test(env.CNI_NETNS_OVERRIDE ?? ''),
  }
}

/** @throws CniError cni/bad-environment for a command that is none of CNI's */
export function requireCommand({ command }: Invocation): void {
  if (Object.hasOwn(requiredVariables, command)) return
  const known = Object.keys(requiredVariables).join(', ')
  throw new CniError(
    'cni/bad-environment',
    `unknown CNI_COMMAND ${JSON.stringify(command)}; it must be one of ${known}`,
  )
}

interface Complaint {
  readonly variable: Variable
  readonly why: string
}

function complainAboutContainer(id: string): Complaint | undefined {
  if (id === '' || nameRule.test(id)) return undefined
  return {
    variable: 'CNI_CONTAINERID',
    why: `invalid CNI_CONTAINERID ${JSON.stringify(id)}: it must match ${nameRule.source}`,
  }
}

/** What the kernel takes as an interface name: at most 15 bytes. */
function complainAboutIfname(name: string): Complaint | undefined {
  const why =
    new TextEncoder().encode(name).length > 15
      ? 'it is longer than 15 bytes'
      : name === '.' || name === '..'
        ? 'it names a directory'
        : /[/:\s]/.test(name)
          ? 'it contains "/", ":" or white space'
          : undefined
  return why === undefined
    ? undefined
    : { variable: 'CNI_IFNAME', why: `invalid CNI_IFNAME ${JSON.stringify(name)}: ${why}` }
}
