import { isAddress, parseAddress } from '@tortie/ip'
import { CtlError } from '../errors.ts'
import type { ExitCode, Shell } from '../shell.ts'

export interface NodeRun {
  readonly ip: string
  readonly ip6: string
  readonly as: string
  readonly name: string
  readonly 'ip-autodetection-method': string
  readonly 'ip6-autodetection-method': string
  readonly backend: string
  readonly 'no-default-ippools': boolean
  readonly 'felix-config': string
  readonly dryrun: boolean
  readonly 'init-system': boolean
}

/**
 * `node run`: our agent is no container that this program could start, so it says how to start it with what was asked
 * for; without `--dryrun` that is an error, for nothing runs. Spec 06 §11.3.
 * @param store variables that name the datastore
 * @throws CtlError
 */
export function sayHowToRun(run: NodeRun, store: Readonly<Record<string, string>>, shell: Shell): ExitCode {
  const variables = variablesOf(run, store, shell)
  const assignments = Object.entries(variables).map(([name, value]) => `${name}=${quoted(value)}`)
  const command = run['init-system'] ? unit(variables) : `${assignments.join(' ')} tortie-agent\n`
  const text = run['init-system']
    ? 'Use the following unit, /etc/systemd/system/tortie-agent.service, to start the agent:'
    : 'Use the following command to start the agent on this host, as root:'
  shell.stdout(`${text}\n\n${command}\n`)
  if (run.dryrun) return 0
  throw new CtlError('nothing was started: run what is shown above, or give --dryrun to have it shown only')
}

function variablesOf(run: NodeRun, store: Readonly<Record<string, string>>, { host }: Shell): Record<string, string> {
  checkAddress('ip', run.ip, 4)
  checkAddress('ip6', run.ip6, 6)
  const asNumber = run.as === '' ? '' : String(readAsNumber(run.as))
  if (run.backend !== 'bird' && run.backend !== 'none')
    throw new CtlError(`error executing command: unknown backend '${run.backend}'`)
  const methods = { IP: run['ip-autodetection-method'], IP6: run['ip6-autodetection-method'] }
  for (const method of Object.values(methods)) checkMethod(method)
  return {
    NODENAME: run.name || host.hostname().toLowerCase(),
    CALICO_NETWORKING_BACKEND: run.backend,
    ...(run['no-default-ippools'] && { NO_DEFAULT_POOLS: 'true' }),
    ...(run.ip !== '' && { IP: run.ip }),
    ...(run.ip6 !== '' && { IP6: run.ip6 }),
    ...(methods.IP !== 'first-found' && { IP_AUTODETECTION_METHOD: methods.IP }),
    ...(methods.IP6 !== 'first-found' && { IP6_AUTODETECTION_METHOD: methods.IP6 }),
    ...(asNumber !== '' && { AS: asNumber }),
    ...(run['felix-config'] !== '' && { FELIX_CONFIG_FILE: run['felix-config'] }),
    ...store,
  }
}

function checkAddress(flag: string, text: string, family: 4 | 6): void {
  if (text === '' || text === 'autodetect') return
  if (!isAddress(text))
    throw new CtlError(`Error executing command: invalid IP address specified: ${text}`, { stream: 'stdout' })
  if (parseAddress(text).family !== family) throw new CtlError(`error executing command: --${flag} is wrong IP version`)
}

/** A number, or two with a point between. */
function readAsNumber(text: string): number {
  const [, high = '', low] = /^(\d+)(?:\.(\d+))?$/.exec(text) ?? []
  const value = low === undefined ? Number(high) : Number(high) * 65_536 + Number(low)
  const isValid =
    high !== '' && value <= 0xffff_ffff && (low === undefined || (Number(high) <= 65_535 && Number(low) <= 65_535))
  if (isValid) return value
  throw new CtlError(`Error executing command: invalid AS Number specified: ${text}`, { stream: 'stdout' })
}

/** Those of calicoctl, and those that a node knows besides (spec 06 §14, 24). */
const methods = /^(first-found|kubernetes-internal-ip|(can-reach|interface|skip-interface|cidr)=.+)$/

function checkMethod(text: string): void {
  if (!methods.test(text))
    throw new CtlError(
      `error executing command: invalid IP autodetection method '${text}': use first-found, can-reach=, interface=, skip-interface= or cidr=`,
    )
}

function quoted(value: string): string {
  return /^[\w./:,=@%+-]*$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`
}

function unit(variables: Readonly<Record<string, string>>): string {
  const lines = Object.entries(variables).map(([name, value]) => `Environment=${JSON.stringify(`${name}=${value}`)}`)
  return `[Unit]
Description=Tortie agent
After=network-online.target
Wants=network-online.target

[Service]
${lines.join('\n')}
ExecStart=/usr/bin/env tortie-agent
Restart=always

[Install]
WantedBy=multi-user.target
`
}
