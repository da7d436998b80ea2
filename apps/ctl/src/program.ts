import { findKind, type Kind } from '@tortie/model'
import type { Call } from '@tortie/runtime'
import { Command } from 'commander'
import type { CommandContext, ExitCode, Shell } from './commands/command.ts'
import { checkFormat, getByName, getObjects } from './commands/get.ts'
import { addIpamCommands } from './commands/ipam.ts'
import { type PatchType, patchObject, patchTypes } from './commands/patch.ts'
import { checkVersions, printClientVersion, printClusterVersion } from './commands/version.ts'
import { writeObjects } from './commands/write.ts'
import { connect, defaultConfig } from './connection.ts'
import { CtlError, messageOf } from './errors.ts'
import { type InputObject, readObjects } from './input/documents.ts'
import { isShown } from './output/columns.ts'

interface Common {
  readonly config: string
  readonly namespace: string
  readonly filename?: string
  readonly recursive?: boolean
  readonly skipEmpty?: boolean
}

export type Run = (config: string, work: (context: CommandContext) => Promise<ExitCode>) => Promise<void>

/** tortiectl's commands, flags and help. Spec 06 §1, §5. `setExit` is told the exit code. */
export function buildProgram(shell: Shell, call: Call, setExit: (code: ExitCode) => void): Command {
  const program = new Command('tortiectl')
    .description('Reads and writes Calico resources, on the datastore that the config file or the environment names.')
    .option('-l, --log-level <level>', 'panic, fatal, error, warn, info or debug', 'panic')
    .option('--context <name>', 'context of the kubeconfig', '')
    .option('--allow-version-mismatch', 'go on where the cluster follows another release', false)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => shell.stdout(text),
      writeErr: (text) => shell.stderr(text.replace(/^error: /, '')),
    })
  const run: Run = async (config, work) => {
    await using connection = await connect(config, shell.environment, call)
    const context = { connection, shell, call }
    if (!program.opts<{ allowVersionMismatch: boolean }>().allowVersionMismatch) await checkVersions(context)
    setExit(await work(context))
  }
  addWriteCommands(program, run)
  addReadCommands(program, run)
  addPatch(program, run)
  addVersion(program, shell, call, setExit)
  addIpamCommands(program, run)
  return program
}

function withCommon(command: Command, files = true): Command {
  command
    .option('-c, --config <file>', 'connection configuration', defaultConfig)
    .option('-n, --namespace <namespace>', 'namespace of the resources', '')
  if (files)
    command
      .option('-f, --filename <path>', 'file or directory of YAML or JSON, - for standard input')
      .option('-R, --recursive', 'directories in the directory too')
      .option('--skip-empty', 'no error when there is nothing in the files')
  return command
}

/** `failed to execute command: …` goes before what is wrong with the input. */
function objectsOf({ filename, recursive = false, skipEmpty = false }: Common): InputObject[] {
  if (filename === undefined)
    throw new CtlError('no resources given: use -f FILE, or KIND NAME where the command takes them')
  try {
    return readObjects(filename, { recursive, skipEmpty })
  } catch (error) {
    throw new CtlError(`failed to execute command: ${messageOf(error)}`, { cause: error })
  }
}

/** Any letter case, plural or alias. @throws CtlError */
function kindOf(name: string): Kind {
  const kind = findKind(name)
  if (!kind || !isShown(kind)) throw new CtlError(`resource type '${name}' is not supported`)
  return kind
}

function addWriteCommands(program: Command, run: Run): void {
  const describe = {
    create: 'Creates resources; those that exist are errors.',
    apply: 'Creates resources, or replaces those that exist.',
    replace: 'Replaces resources that exist.',
  } as const
  for (const verb of ['create', 'apply', 'replace'] as const) {
    const command = withCommon(program.command(verb).description(describe[verb]))
    if (verb === 'create') command.option('--skip-exists', 'count resources that exist as created')
    command.action(async (options: Common & { skipExists?: boolean }) => {
      const objects = objectsOf(options)
      await run(options.config, (context) =>
        writeObjects(verb, objects, { namespace: options.namespace, tolerate: options.skipExists ?? false }, context),
      )
    })
  }
  withCommon(program.command('delete').description('Deletes resources by file, or by kind and name.'))
    .argument('[kind]')
    .argument('[names...]')
    .option('-s, --skip-not-exists', 'count resources that do not exist as deleted')
    .action(async (kind: string | undefined, names: string[], options: Common & { skipNotExists?: boolean }) => {
      const objects =
        options.filename === undefined && kind !== undefined ? named(kindOf(kind), names) : objectsOf(options)
      await run(options.config, (context) =>
        writeObjects(
          'delete',
          objects,
          { namespace: options.namespace, tolerate: options.skipNotExists ?? false },
          context,
        ),
      )
    })
}

function named(kind: Kind, names: readonly string[]): InputObject[] {
  if (names.length === 0) throw new CtlError('resource name may not be empty')
  return names.map((name) => ({
    resource: { apiVersion: 'projectcalico.org/v3', kind, metadata: { name }, spec: {} } as InputObject['resource'],
    place: `${kind} ${name}`,
  }))
}

function addReadCommands(program: Command, run: Run): void {
  interface Options extends Common {
    readonly output: string
    readonly allNamespaces?: boolean
    readonly a?: boolean
    readonly export?: boolean
  }
  withCommon(program.command('get').description('Shows resources by file, by kind, or by kind and name.'))
    .argument('[kind]')
    .argument('[names...]')
    .option('-o, --output <format>', 'ps, wide, yaml or json', 'ps')
    .option('-A, --all-namespaces', 'resources of every namespace')
    .option('-a', 'the same')
    .option('--export', 'without what only this cluster knows')
    .action(async (kind: string | undefined, names: string[], options: Options) => {
      checkFormat(options.output)
      const chosen = {
        namespace: options.namespace,
        allNamespaces: (options.allNamespaces ?? options.a) === true,
        output: options.output,
        export: options.export ?? false,
      }
      if (options.filename === undefined && kind !== undefined) {
        const wanted = kindOf(kind)
        await run(options.config, (context) => getByName(wanted, names, chosen, context))
      } else {
        const objects = objectsOf(options)
        await run(options.config, (context) => getObjects(objects, chosen, context))
      }
    })
}

function addPatch(program: Command, run: Run): void {
  withCommon(program.command('patch').description('Changes fields of one resource.'), false)
    .argument('<kind>')
    .argument('<name>')
    .requiredOption('-p, --patch <text>', 'the patch, JSON or YAML')
    .option('-t, --type <type>', 'strategic, merge or json', 'strategic')
    .action(async (kind: string, name: string, options: Common & { patch: string; type: string }) => {
      const type = patchTypes.find((known) => known === options.type)
      if (type === undefined) throw new CtlError(`unknown patch type '${options.type}': use strategic, merge or json`)
      const wanted = kindOf(kind)
      const given = { patch: options.patch, type: type as PatchType, namespace: options.namespace }
      await run(options.config, (context) => patchObject(wanted, name, given, context))
    })
}

function addVersion(program: Command, shell: Shell, call: Call, setExit: (code: ExitCode) => void): void {
  program
    .command('version')
    .description('Shows the versions of this program and of the cluster.')
    .option('-c, --config <file>', 'connection configuration', defaultConfig)
    .option('--client', 'of this program only')
    .action(async (options: { config: string; client?: boolean }) => {
      printClientVersion(shell)
      if (options.client) return
      await using connection = await connect(options.config, shell.environment, call)
      setExit(await printClusterVersion({ connection, shell, call }))
    })
}
