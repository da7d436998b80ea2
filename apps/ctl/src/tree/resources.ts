import { type Invocation, leaf } from '../cli/command.ts'
import type { Flags, Values } from '../cli/flags.ts'
import { CtlError, messageOf, NothingSpecified, prefixed, worded } from '../errors.ts'
import type { InputObject } from '../input/documents.ts'
import type { CommandContext, ExitCode, Shell } from '../shell.ts'
import { configFlag, connected, type Manner, resourceManner } from './common.ts'

const namespaceFlag = {
  namespace: { kind: 'text', short: 'n', initial: '', help: 'namespace of the resources' },
} as const satisfies Flags

const dryRunFlag = {
  'dry-run': { kind: 'switch', help: 'check everything and say what would be done, but write nothing' },
} as const satisfies Flags

const fileFlags = {
  filename: { kind: 'text', short: 'f', initial: '', help: 'file or directory, - for standard input' },
  recursive: { kind: 'switch', short: 'R', help: 'directories in the directory too' },
  'skip-empty': { kind: 'switch', help: 'no error when there is nothing in the files' },
  ...configFlag,
  ...namespaceFlag,
} as const satisfies Flags

const writeFlags = { ...fileFlags, ...dryRunFlag } as const satisfies Flags

/** What the files hold. @throws CtlError; `failed to execute command: …` goes before what is wrong in a file (spec 06 §6) */
async function objectsIn(
  values: Values<typeof fileFlags>,
  shell: Shell,
  nothing = (error: unknown): unknown => error,
  keepUnknown = false,
): Promise<readonly InputObject[]> {
  const { filename, recursive, 'skip-empty': skipEmpty } = values
  if (filename === '')
    throw new CtlError('no resources specified: use -f FILE, or KIND NAME where the command takes them')
  const { readObjects } = await import('../input/documents.ts')
  const word = (error: unknown): unknown =>
    error instanceof NothingSpecified ? nothing(error) : prefixed('failed to execute command: ', error)
  return await worded(word, () => readObjects(filename, { recursive, skipEmpty, keepUnknown }, shell))
}

async function write(
  verb: 'create' | 'apply' | 'replace',
  invocation: Invocation<typeof writeFlags>,
  tolerate = false,
): Promise<ExitCode> {
  const { values, shell } = invocation
  const objects = await objectsIn(values, shell, undefined, verb !== 'create')
  const { writeObjects } = await import('../commands/write.ts')
  const options = { namespace: values.namespace, tolerate, dryRun: values['dry-run'] }
  const manner = verb === 'replace' ? trying(options.dryRun) : making(options.dryRun)
  return await connected(invocation, (context) => writeObjects(verb, objects, options, context), manner)
}

export const create = leaf({
  name: 'create',
  summary: 'Create resources; those that exist are errors',
  example: 'tortiectl create -f policies/',
  flags: { ...writeFlags, 'skip-exists': { kind: 'switch', help: 'count resources that exist as created' } },
  run: (invocation) => write('create', invocation, invocation.values['skip-exists']),
})

export const apply = leaf({
  name: 'apply',
  summary: 'Create resources, or replace those that exist',
  example: 'tortiectl apply -f policies/',
  flags: writeFlags,
  run: (invocation) => write('apply', invocation),
})

export const replace = leaf({
  name: 'replace',
  summary: 'Replace resources that exist',
  example: 'tortiectl replace -f policies/',
  flags: writeFlags,
  run: (invocation) => write('replace', invocation),
})

/** Of commands that begin with an empty store when there is none. */
const making = (dryRun: boolean): Manner => ({ ...resourceManner, access: dryRun ? 'try to make' : 'make' })
const trying = (dryRun: boolean): Manner => ({ ...resourceManner, access: dryRun ? 'try' : 'use' })

export const remove = leaf({
  name: 'delete',
  usage: '[KIND [NAME...]]',
  summary: 'Delete resources, by file or by kind and name',
  example: 'tortiectl delete networkPolicy allow-dns -n shop',
  flags: {
    ...writeFlags,
    'skip-not-exists': { kind: 'switch', short: 's', help: 'count resources that do not exist as deleted' },
  },
  async run(invocation) {
    const { values, args, shell } = invocation
    const { kindOf, namedObjects } = await import('../input/kinds.ts')
    const [kind, ...names] = args
    const objects =
      values.filename === '' && kind !== undefined ? namedObjects(kindOf(kind), names) : await objectsIn(values, shell)
    const { writeObjects } = await import('../commands/write.ts')
    const options = { namespace: values.namespace, tolerate: values['skip-not-exists'], dryRun: values['dry-run'] }
    const manner = trying(options.dryRun)
    return await connected(invocation, (context) => writeObjects('delete', objects, options, context), manner)
  },
})

const getFailure = (error: unknown): CtlError => prefixed('failed to get resources: ', error)

export const get = leaf({
  name: 'get',
  usage: '[KIND [NAME...]]',
  summary: 'Show resources, by file, by kind, or by kind and name',
  example: 'tortiectl get networkPolicies --all-namespaces -o wide',
  flags: {
    ...fileFlags,
    output: {
      kind: 'text',
      short: 'o',
      initial: 'ps',
      choices: [
        'ps',
        'wide',
        'yaml',
        'json',
        'name',
        'custom-columns=',
        'go-template=',
        'go-template-file=',
        'jsonpath=',
        'jsonpath-file=',
      ],
      help: 'ps, wide, yaml, json, name, custom-columns=A,B, (go-template|jsonpath)=TEXT or (go-template|jsonpath)-file=FILE',
    },
    'all-namespaces': { kind: 'switch', short: 'A', help: 'resources of every namespace' },
    'all-namespaces-a': { kind: 'switch', short: 'a', help: 'the same', hidden: true },
    export: { kind: 'switch', help: 'resources named on the command line without what only this cluster knows' },
    watch: { kind: 'switch', short: 'w', help: 'go on and show every change, until interrupted' },
    'watch-only': { kind: 'switch', help: 'the same without what is there at first' },
  },
  async run(invocation) {
    const { values, args, shell } = invocation
    const { getByName, getObjects } = await import('../commands/get.ts')
    const { readFormat } = await import('../commands/get-format.ts')
    const chosen = {
      namespace: values.namespace,
      allNamespaces: values['all-namespaces'] || values['all-namespaces-a'],
      format: readFormat(values.output),
      export: values.export,
    }
    const manner = { ...resourceManner, guarded: getFailure, onlyReads: true }
    const [kindName, ...names] = args
    const isWatch = values.watch || values['watch-only']
    if (isWatch && (values.filename !== '' || kindName === undefined))
      throw new CtlError('--watch needs KIND, and goes without -f')
    if (values.filename !== '' || kindName === undefined) {
      const objects = await objectsIn(values, shell, getFailure)
      return await connected(invocation, (context) => getObjects(objects, chosen, context), manner)
    }
    const { kindOf, checkNames } = await import('../input/kinds.ts')
    const kind = await worded(getFailure, () => {
      checkNames(names)
      return kindOf(kindName)
    })
    if (!isWatch) return await connected(invocation, (context) => getByName(kind, names, chosen, context), manner)
    const { watchObjects } = await import('../commands/watch.ts')
    const watching = { ...chosen, onlyChanges: values['watch-only'] }
    return await connected(invocation, (context) => watchObjects(kind, names, watching, context), manner)
  },
})

export const patch = leaf({
  name: 'patch',
  usage: 'KIND NAME',
  summary: 'Change fields of one resource',
  example: `tortiectl patch ipPool default-ipv4-ippool -p '{"spec":{"natOutgoing":true}}'`,
  args: { exactly: 2 },
  flags: {
    ...configFlag,
    ...namespaceFlag,
    patch: { kind: 'text', short: 'p', initial: '', help: 'the patch, JSON or YAML' },
    type: {
      kind: 'text',
      short: 't',
      initial: 'strategic',
      choices: ['strategic', 'merge', 'json'],
      help: 'strategic, merge or json',
    },
    ...dryRunFlag,
  },
  required: ['patch'],
  async run(invocation) {
    const { values, args } = invocation
    const { kindOf, checkNames } = await import('../input/kinds.ts')
    const { patchObject, readPatchType } = await import('../commands/patch.ts')
    const [kindName = '', name = ''] = args
    const kind = kindOf(kindName)
    checkNames([name])
    const type = readPatchType(values.type)
    const given = { patch: values.patch, type, namespace: values.namespace, dryRun: values['dry-run'] }
    const work = (context: CommandContext): Promise<ExitCode> => patchObject(kind, name, given, context)
    return await connected(invocation, work, trying(given.dryRun))
  },
})

export const validate = leaf({
  name: 'validate',
  summary: 'Check resources without a datastore',
  example: 'tortiectl validate -f policies/',
  flags: fileFlags,
  async run({ values, shell }) {
    const objects = await objectsIn(values, shell)
    const { validateObjects } = await import('../commands/validate.ts')
    return validateObjects(objects, values.namespace, shell)
  },
})

export const diff = leaf({
  name: 'diff',
  summary: 'Show what apply would change',
  about: 'Show what apply would change. The exit code is 0 when nothing would, 1 when something would, 2 on errors.',
  example: 'tortiectl diff -f policies/',
  flags: fileFlags,
  async run(invocation) {
    const { values, shell } = invocation
    const failed = (error: unknown): CtlError =>
      new CtlError(messageOf(error), { cause: error, ...(error instanceof CtlError && error), exitCode: 2 })
    return await worded(failed, async () => {
      const objects = await objectsIn(values, shell, undefined, true)
      const { diffObjects } = await import('../commands/diff.ts')
      const manner = { ...resourceManner, access: 'try', onlyReads: true } as const
      return await connected(invocation, (context) => diffObjects(objects, values.namespace, context), manner)
    })
  },
})

export const label = leaf({
  name: 'label',
  usage: 'KIND NAME (KEY=VALUE | KEY)',
  summary: 'Set or remove a label of one resource',
  example: 'tortiectl label node node-1 rack=a --overwrite',
  args: { atLeast: 3 },
  flags: {
    ...configFlag,
    ...namespaceFlag,
    overwrite: { kind: 'switch', help: 'even if the label has another value' },
    remove: { kind: 'switch', help: 'remove it' },
  },
  async run(invocation) {
    const { values, args } = invocation
    const [kind = '', name = '', text = ''] = args
    const { readLabel, setLabel } = await import('../commands/label.ts')
    const change = { ...values, ...readLabel(text, values.remove), kind, name }
    const { checkNames, kindOf } = await import('../input/kinds.ts')
    const guarded = (error: unknown): unknown => prefixed(`failed to get ${kind} ${name}, error `, error)
    const known = await worded(guarded, () => {
      checkNames([name])
      return kindOf(kind)
    })
    return await connected(invocation, (context) => setLabel(known, change, context), { ...resourceManner, guarded })
  },
})
