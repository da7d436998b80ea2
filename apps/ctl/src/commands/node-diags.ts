import { join } from 'node:path'
import { formatJson } from '@tortie/model'
import { agentBgp } from '../agent-socket.ts'
import { messageOf } from '../errors.ts'
import type { HostProcess } from '../host.ts'
import type { ExitCode, Shell } from '../shell.ts'
import { pack, stampOf } from './diags-archive.ts'

interface Probe {
  /** Said before it is run; empty: nothing is. */
  readonly what: string
  readonly command: readonly [program: string, ...args: string[]]
  readonly file: string
}

/** Spec 06 §11.3, and the journal of our agent. */
const probes: readonly Probe[] = [
  { what: '', command: ['date'], file: 'date' },
  { what: '', command: ['hostname'], file: 'hostname' },
  { what: 'Dumping routes (IPv4)', command: ['ip', '-4', 'route'], file: 'ipv4_route' },
  { what: 'Dumping routes (IPv6)', command: ['ip', '-6', 'route'], file: 'ipv6_route' },
  { what: 'Dumping interface info (IPv4)', command: ['ip', '-4', 'addr'], file: 'ipv4_addr' },
  { what: 'Dumping interface info (IPv6)', command: ['ip', '-6', 'addr'], file: 'ipv6_addr' },
  { what: 'Dumping nftables', command: ['nft', '-n', '-a', 'list', 'ruleset'], file: 'nft_ruleset' },
  { what: 'Dumping iptables (IPv4)', command: ['iptables-save', '-c'], file: 'ipv4_tables' },
  { what: 'Dumping iptables (IPv6)', command: ['ip6tables-save', '-c'], file: 'ipv6_tables' },
  { what: 'Dumping ipsets', command: ['ipset', 'list'], file: 'ipsets' },
  ...['calico-node', 'tortie-agent'].map(
    (unit): Probe => ({
      what: `Copying journal for ${unit}.service`,
      command: ['journalctl', '-u', `${unit}.service`, '--no-pager'],
      file: `journalctl_${unit.replace('-', '_')}`,
    }),
  ),
]

const sockets: readonly Probe[] = [
  { what: 'Dumping netstat', command: ['netstat', '-a', '-n'], file: 'netstat' },
  { what: 'Dumping ss', command: ['ss', '-a', '-n'], file: 'ss' },
]

/** `node diags`: what this host can tell of its network, and the logs, in one archive. What is missing is said and skipped. */
export async function collectNodeDiags(
  logDir: string,
  { shell, call }: { readonly shell: Shell; readonly call: { readonly signal: AbortSignal } },
): Promise<ExitCode> {
  const { host, stdout } = shell
  const stamp = stampOf(host.now())
  stdout('Collecting diagnostics\n')
  const temp = host.makeTempDir()
  stdout(`Using temp dir: ${temp}\n`)
  const into = join(temp, 'diagnostics')
  const probe = async ({ what, command: [program, ...args], file }: Probe): Promise<boolean> => {
    if (what !== '') stdout(`${what}\n`)
    const ran = await host.run(program, args, call)
    if (!ran) {
      stdout(`Skipped: there is no ${program}\n`)
      return false
    }
    host.writeText(join(into, file), `${ran.stdout}${ran.stderr}`)
    if (ran.code !== 0) stdout(`Failed to run ${[program, ...args].join(' ')}: ${ran.stderr.trim()}\n`)
    return true
  }
  for (const one of probes) await probe(one)
  for (const one of sockets) if (await probe(one)) break
  for (const { pid } of host.processes().filter(isFelix)) {
    stdout('Dumping felix stats\n')
    host.signal(pid, 'SIGUSR1')
  }
  stdout('Dumping BGP status\n')
  try {
    host.writeText(join(into, 'bgp_status.json'), formatJson(await agentBgp(shell).status(call), { indent: 2 }))
  } catch (error) {
    call.signal.throwIfAborted()
    stdout(`Skipped: ${messageOf(error)}\n`)
  }
  copyLogs(logDir, join(into, 'logs'), shell)
  const archive = join(temp, `diags-${stamp}.tar.gz`)
  if (!(await pack({ archive, within: temp, directory: 'diagnostics' }, { shell, call }))) return 1
  stdout(`\nDiags saved to ${archive}\n`)
  stdout('If required, you can upload the diagnostics bundle to a file sharing service.\n')
  return 0
}

/** Calico's: ours would take the signal for a wish to be debugged. */
function isFelix({ argv: [program, first] }: HostProcess): boolean {
  return program === 'calico-felix' || (program === 'calico-node' && first === '-felix')
}

function copyLogs(from: string, to: string, { host, stdout }: Shell): void {
  if (!host.isDirectory(from)) {
    stdout(`No logs found in ${from}; skipping log copying\n`)
    return
  }
  stdout('Copying Calico logs\n')
  try {
    host.copyTree(from, to)
  } catch (error) {
    stdout(`Error copying log files: ${messageOf(error)}\n`)
  }
}
