import type { BgpPeerStatus, BgpStatus } from '@tortie/node'
import { agentBgp } from '../agent-socket.ts'
import { CtlError, messageOf } from '../errors.ts'
import type { HostProcess } from '../host.ts'
import { formatBox } from '../output/table.ts'
import type { ExitCode, Shell } from '../shell.ts'

interface NodeContext {
  readonly shell: Shell
  readonly call: { readonly signal: AbortSignal }
}

/** `node status`: whether the agent runs here, and its BGP sessions. Spec 06 §11.3. @throws CtlError */
export async function showNodeStatus({ shell, call }: NodeContext): Promise<ExitCode> {
  const answer = await askAgent({ shell, call })
  // One that answers runs, whatever its process is called.
  if (!('families' in answer) && !shell.host.processes().some(isAgent))
    throw new CtlError('Calico process is not running.')
  shell.stdout(`Calico process is running.\n${sessions(answer)}\n`)
  return 0
}

/** Ours, and the agents of Calico: by exact words, as calicoctl looks for them, and as its one binary runs them. */
export function isAgent({ argv }: HostProcess): boolean {
  const [program = '', first = '', second = ''] = argv
  if (program === 'calico-felix' || program === 'calico-node' || first === '-felix') return true
  if (nameOf(program) === 'calico' && first === 'component' && second === 'felix') return true
  return [program, first].some((word) => nameOf(word) === 'tortie-agent')
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

const families = [4, 6] as const

interface Trouble {
  /** There is no socket: the agent runs without BGP, or not at all. */
  readonly isAbsent: boolean
  readonly why: string
}

async function askAgent({ shell, call }: NodeContext): Promise<BgpStatus | Trouble> {
  try {
    return await agentBgp(shell).status(call)
  } catch (error) {
    call.signal.throwIfAborted()
    const { code } = ((error as Error).cause ?? {}) as NodeJS.ErrnoException
    return { isAbsent: code === 'ENOENT', why: messageOf(error) }
  }
}

function sessions(answer: BgpStatus | Trouble): string {
  if ('families' in answer) return families.map((family) => section(family, answer)).join('')
  if (answer.isAbsent) return '\nThe BGP backend process (BIRD) is not running.\n'
  const trouble = (family: number): string =>
    `Error querying BIRD: unable to connect to BIRDv${family} socket: ${answer.why}\n`
  return families.map((family) => `${heading(family)}${trouble(family)}`).join('')
}

function heading(family: number): string {
  return `\nIPv${family} BGP status\n`
}

function section(family: 4 | 6, status: BgpStatus): string {
  const served = status.families.find((one) => one.family === family)
  if (!served) return `\nINFO: BIRDv${family} process: 'bird${family === 6 ? '6' : ''}' is not running.\n`
  if (served.peers.length === 0) return `${heading(family)}No IPv${family} peers found.\n`
  const header = ['PEER ADDRESS', 'PEER TYPE', 'STATE', 'SINCE', 'INFO']
  return heading(family) + formatBox(header, served.peers.map(row))
}

const types: Readonly<Record<BgpPeerStatus['type'], string>> = {
  NodeMesh: 'node-to-node mesh',
  NodePeer: 'node specific',
  GlobalPeer: 'global',
  LocalWorkload: 'local workload',
}

function row({ peerIP, type, state, since, bgpState, info }: BgpPeerStatus): string[] {
  return [peerIP, types[type], state, since, info === undefined ? bgpState : `${bgpState} ${info}`]
}
