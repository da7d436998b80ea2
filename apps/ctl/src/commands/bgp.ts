import type { BgpRoute } from '@tortie/node'
import { agentBgp, dumpBgp } from '../agent-socket.ts'
import { CtlError } from '../errors.ts'
import { formatTable } from '../output/table.ts'
import type { ExitCode, Shell } from '../shell.ts'

/** What the commands on BGP need: they ask the agent of this host, not the datastore. */
export interface BgpContext {
  readonly shell: Shell
  readonly call: { readonly signal: AbortSignal }
}

/** `tortiectl bgp peers`. */
export async function showPeers(output: string, { shell, call }: BgpContext): Promise<ExitCode> {
  const { families } = await agentBgp(shell).status(call)
  const peers = families.flatMap((family) => family.peers)
  if (output === 'json') return printJson(peers, shell)
  const rows = peers.map(({ name, peerIP, asNumber, type, bgpState, since, routes, info }) => [
    name,
    peerIP,
    String(asNumber ?? ''),
    type,
    bgpState,
    since,
    String(routes.received),
    String(routes.accepted),
    String(routes.sent),
    info ?? '',
  ])
  const header = ['NAME', 'PEER', 'AS', 'TYPE', 'STATE', 'SINCE', 'RECEIVED', 'ACCEPTED', 'SENT', 'INFO']
  shell.stdout(rows.length === 0 ? 'No peers: nothing is configured for this node.\n' : formatTable(header, rows))
  return 0
}

/** `tortiectl bgp problems`: what is wrong in the resources, each with all the objects that are concerned. */
export async function showProblems(output: string, { shell, call }: BgpContext): Promise<ExitCode> {
  const problems = await agentBgp(shell).problems(call)
  if (output === 'json') return printJson(problems, shell)
  const rows = problems.map(({ code, objects, why }) => [code, objects.join(', '), why])
  shell.stdout(rows.length === 0 ? 'No problems.\n' : formatTable(['PROBLEM', 'OBJECTS', 'WHY'], rows))
  return 0
}

export interface RouteQuestion {
  /** Empty: all of both families. */
  readonly prefix: string
  /** Also those that are not used. */
  readonly all: boolean
  readonly output: string
}

/** `tortiectl bgp routes`. */
export async function showRoutes(
  { prefix, all, output }: RouteQuestion,
  { shell, call }: BgpContext,
): Promise<ExitCode> {
  const families = prefix === '' ? ([4, 6] as const) : ([prefix.includes(':') ? 6 : 4] as const)
  const bgp = agentBgp(shell)
  const found: BgpRoute[] = []
  for (const family of families)
    for (const route of await bgp.routes({ family, ...(prefix !== '' && { prefix }) }, call))
      if (all || route.status === 'best' || route.status === 'equal') found.push(route)
  if (output === 'json') return printJson(found, shell)
  const header = ['DESTINATION', 'VIA', 'INTERFACE', 'FROM', 'LOCAL PREF', 'AS PATH', 'STATUS']
  const rows = found.map((route) => [
    route.prefix,
    route.gateway ?? '',
    route.interface ?? '',
    route.peer ?? route.source,
    String(route.localPref),
    route.asPath,
    statusOf(route),
  ])
  if (rows.length > 0) shell.stdout(formatTable(header, rows))
  else shell.stdout(prefix === '' ? 'No routes.\n' : `No route to exactly ${prefix}.\n`)
  return 0
}

function statusOf({ status, because, stale }: BgpRoute): string {
  const words = because === undefined ? status : `${status}: ${because}`
  return stale ? `${words} (its peer is away and expected back)` : words
}

/** `tortiectl bgp explain PREFIX`: why it is learned or not, and sent or not. 1 when nobody knows it. */
export async function explainRoute(
  { prefix, peer, output }: { readonly prefix: string; readonly peer: string; readonly output: string },
  { shell, call }: BgpContext,
): Promise<ExitCode> {
  const explanation = await agentBgp(shell).explain({ prefix, ...(peer !== '' && { peer }) }, call)
  if (output === 'json') return printJson(explanation, shell)
  const { learned, exported } = explanation
  shell.stdout(`${prefix}\n`)
  if (learned.length === 0) shell.stdout('  learned: from nobody, and it is none of our own\n')
  for (const route of learned) {
    const via = route.gateway === undefined ? '' : ` via ${route.gateway}`
    shell.stdout(`  learned: from ${route.peer ?? route.source}${via}: ${statusOf(route)}\n`)
    const details = [
      `local preference ${route.localPref}`,
      ...(route.asPath === '' ? [] : [`AS path ${route.asPath}`]),
      ...(route.communities.length === 0 ? [] : [`communities ${route.communities.join(' ')}`]),
    ]
    shell.stdout(`           ${details.join(', ')}\n`)
  }
  for (const { peer: to, sent, because } of exported)
    shell.stdout(`  to ${to}: ${sent ? 'sent' : 'not sent'}: ${because}\n`)
  return learned.length === 0 ? 1 : 0
}

/** `tortiectl bgp dump`: what routes there are, as MRT TABLE_DUMP_V2 (RFC 6396) for bgpdump and the like. */
export async function dumpTables({ shell, call }: BgpContext): Promise<ExitCode> {
  if (shell.host.isTerminal('stdout'))
    throw new CtlError('a dump is no text: write it into a file, as in `tortiectl bgp dump > table.mrt`')
  for await (const chunk of dumpBgp(shell, call)) await shell.stdoutBytes(chunk)
  return 0
}

/** `tortiectl bgp drain`: others use other ways, until `undrain` or the agent starts again. */
export async function drainNode(wait: boolean, { shell, call }: BgpContext): Promise<ExitCode> {
  await agentBgp(shell).drain({ wait: wait ? 'yes' : 'no' }, call)
  shell.stdout(wait ? 'Every peer has been asked to use other ways.\n' : 'Peers are being asked to use other ways.\n')
  return 0
}

export async function undrainNode({ shell, call }: BgpContext): Promise<ExitCode> {
  await agentBgp(shell).undrain(call)
  shell.stdout('Peers may use this node again.\n')
  return 0
}

export async function refreshPeer(peer: string, direction: string, { shell, call }: BgpContext): Promise<ExitCode> {
  if (direction !== 'in' && direction !== 'out')
    throw new CtlError(`--direction ${direction}: give in (ask for its routes) or out (send ours)`)
  await agentBgp(shell).refresh({ peer, direction }, call)
  shell.stdout(direction === 'in' ? `${peer} was asked for its routes.\n` : `${peer} gets our routes again.\n`)
  return 0
}

export async function resetPeer(peer: string, text: string, { shell, call }: BgpContext): Promise<ExitCode> {
  await agentBgp(shell).reset({ peer, ...(text !== '' && { text }) }, call)
  shell.stdout(`The session with ${peer} starts again.\n`)
  return 0
}

function printJson(value: unknown, shell: Shell): ExitCode {
  shell.stdout(`${JSON.stringify(value, undefined, 2)}\n`)
  return 0
}
