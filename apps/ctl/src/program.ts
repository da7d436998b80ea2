import type { Call } from '@tortie/runtime'
import { type Command, checkArgs, findCommand, type Group, isGroup } from './cli/command.ts'
import { parseFlags } from './cli/flags.ts'
import { globals } from './cli/globals.ts'
import { formatHelp } from './cli/help.ts'
import { CtlError, messageOf } from './errors.ts'
import { checkLogLevel } from './output/log.ts'
import type { ExitCode, Shell } from './shell.ts'
import { bgp } from './tree/bgp.ts'
import { cluster } from './tree/cluster.ts'
import { completing } from './tree/completion.ts'
import { datastore } from './tree/datastore.ts'
import { explain } from './tree/explain.ts'
import { ipam } from './tree/ipam.ts'
import { node } from './tree/node.ts'
import { apply, create, diff, get, label, patch, remove, replace, validate } from './tree/resources.ts'
import { version } from './tree/version.ts'

const commands: readonly Command[] = completing([
  create,
  apply,
  replace,
  remove,
  get,
  patch,
  label,
  validate,
  diff,
  explain,
  ipam,
  bgp,
  node,
  cluster,
  datastore,
  version,
])

/**
 * Runs one command line. Errors are printed, not thrown: the text alone on standard error, or on standard output where
 * calicoctl does so (spec 06 §1, §12).
 * @param tokens what follows the program's name
 */
export async function runProgram(tokens: readonly string[], shell: Shell, call: Call): Promise<ExitCode> {
  try {
    return await run(tokens, shell, call)
  } catch (error) {
    const print = error instanceof CtlError && error.stream === 'stdout' ? shell.stdout : shell.stderr
    print(`${messageOf(error)}\n`)
    return error instanceof CtlError ? error.exitCode : 1
  }
}

async function run(tokens: readonly string[], shell: Shell, call: Call): Promise<ExitCode> {
  const root: Group = {
    name: shell.name,
    summary: 'Read and write Calico resources on the datastore that the config file or the environment names',
    commands,
  }
  const wantsHelp = tokens[0] === 'help'
  const { command, path, rest } = findCommand(root, globals, wantsHelp ? tokens.slice(1) : tokens)
  const own = isGroup(command) ? {} : command.flags
  const { values, args, help } = parseFlags({ ...globals, ...own }, rest)
  if (wantsHelp || help || isGroup(command)) {
    shell.stdout(formatHelp(command, [shell.name, ...path], globals))
    return 0
  }
  checkArgs(command, args)
  const missing = (command.required ?? []).filter((name) => (values as Record<string, unknown>)[name] === '')
  if (missing.length > 0)
    throw new CtlError(`required flag(s) ${missing.map((name) => JSON.stringify(name)).join(', ')} not set`)
  checkLogLevel(values['log-level'])
  return await command.run({ values, globals: values, args, shell, call })
}
