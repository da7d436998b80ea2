import type { Call } from '@tortie/runtime'
import { parseNetworkConfig } from './config/network-config.ts'
import { CniError, errorReply } from './errors.ts'
import { logOptions } from './logging/options.ts'
import type { CniDrivers, CniReply, CniRequest } from './ports.ts'
import { type Command, parseEnvironment, requireCommand } from './protocol/environment.ts'
import { formatResult } from './protocol/result.ts'
import { requireVersion, supportedVersions, versionReply } from './protocol/versions.ts'
import { parsePlainArgs, type Session } from './session.ts'
import { version } from './version.ts'

type Handler = (session: Session, call: Call) => Promise<string>
type Handlers = Readonly<Record<Exclude<Command, 'VERSION'>, Handler>>

/** Handlers are loaded when they are called: most executions only ask an agent, or print a version. */
const main: Handlers = {
  ADD: async (session, call) => {
    const { add } = await import('./commands/add.ts')
    return formatResult(await add(session, call), resultVersion(session))
  },
  DEL: silently(async () => (await import('./commands/del.ts')).del),
  CHECK: silently(async () => (await import('./commands/check.ts')).check),
  GC: silently(async () => (await import('./commands/gc.ts')).gc),
  STATUS: silently(async () => (await import('./commands/status.ts')).status),
}

function silently(load: () => Promise<(session: Session, call: Call) => Promise<void>>): Handler {
  return async (session, call) => {
    await (await load())(session, call)
    return ''
  }
}

const ipam: Handler = async (session, call) => {
  const { ipamCommands } = await import('./commands/ipam.ts')
  return await ipamCommands[session.invocation.command as keyof Handlers](session, call)
}

/** What the executable is, by the name of its file: spec 04 §1. */
const roles: Readonly<Record<string, { readonly component: string; readonly handlers: Handlers } | undefined>> = {
  'tortie-cni': { component: 'cni-plugin', handlers: main },
  calico: { component: 'cni-plugin', handlers: main },
  'calico-ipam': { component: 'ipam', handlers: { ADD: ipam, DEL: ipam, CHECK: ipam, GC: ipam, STATUS: ipam } },
}

/**
 * Executes one CNI command: reads environment and network config, does the work through `drivers`, and says what to print
 * and how to exit. Never throws; an error becomes the specification's error object with exit code 1.
 */
export async function runCni(request: CniRequest, drivers: CniDrivers, call: Call): Promise<CniReply> {
  try {
    return await dispatch(request, drivers, call)
  } catch (error) {
    return { stdout: `${JSON.stringify(errorReply(error), null, 4)}\n`, stderr: '', exitCode: 1 }
  }
}

async function dispatch(request: CniRequest, drivers: CniDrivers, call: Call): Promise<CniReply> {
  const { program, args, env } = request
  const role = roles[program]
  if (!role)
    throw new CniError(
      'cni/set-up',
      `unknown binary name ${JSON.stringify(program)}: install it as ${Object.keys(roles).join(', ')}`,
    )
  if (args[0] === '-v') return success(version)
  if (args[0] === '-t' && role.handlers === main) return await testDatastore(request, drivers, call)
  if (args.length > 0)
    throw new CniError('cni/set-up', `unknown argument ${JSON.stringify(args[0])}; write -v, or none`)
  if (!env.CNI_COMMAND) return about(program)
  const invocation = parseEnvironment(env)
  if (invocation.command === 'VERSION') return success(JSON.stringify(versionReply()))
  const config = parseNetworkConfig(await readStdin(request))
  requireCommand(invocation)
  const session: Session = {
    invocation,
    config,
    version: requireVersion(config.cniVersion, invocation.command),
    args: parsePlainArgs(invocation.args),
    env,
    drivers,
    log: drivers.openLog(logOptions(config, role.component)).with({ containerId: invocation.containerId }),
  }
  const started = drivers.clock.monotonicMs()
  const stdout = await role.handlers[invocation.command](session, call)
  const durationMs = Math.round((drivers.clock.monotonicMs() - started) * 10) / 10
  session.log.info('cni.done', { command: invocation.command, network: config.name, durationMs })
  return success(stdout)
}

function success(stdout: string): CniReply {
  return { stdout: stdout === '' ? '' : `${stdout}\n`, stderr: '', exitCode: 0 }
}

function about(program: string): CniReply {
  const stderr = `${program} ${version}\nCNI protocol versions supported: ${supportedVersions.join(', ')}\n`
  return { stdout: '', stderr, exitCode: 0 }
}

/** The main plugin reads an absent cniVersion as 0.2.0 when it prints. */
function resultVersion({ config, version }: Session): Session['version'] {
  return config.cniVersion === '' ? '0.2.0' : version
}

async function readStdin({ readStdin }: CniRequest): Promise<string> {
  try {
    return await readStdin()
  } catch (cause) {
    throw new CniError('cni/io', 'cannot read the network config from stdin', { cause })
  }
}

/** `calico -t`, spec 04 §1.1. */
async function testDatastore(request: CniRequest, drivers: CniDrivers, call: Call): Promise<CniReply> {
  const config = parseNetworkConfig(await readStdin(request))
  const { reachDatastore } = await import('./commands/reach-datastore.ts')
  await reachDatastore({ config, env: request.env, drivers }, call)
  return success('')
}
