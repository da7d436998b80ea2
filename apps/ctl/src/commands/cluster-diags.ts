import { join } from 'node:path'
import { calicoVersion, formatJson, type Kind, kinds } from '@tortie/model'
import { CtlError, messageOf } from '../errors.ts'
import { formatYaml } from '../output/documents.ts'
import type { CommandContext, ExitCode, Shell } from '../shell.ts'
import { pack, stampOf } from './diags-archive.ts'
import { linesOfCheck } from './ipam-check.ts'
import { readVersion } from './version.ts'

export interface ClusterDiags {
  readonly since: string
  readonly keepTemp: boolean
}

/** Before anything is collected. @throws CtlError */
export function checkSince(since: string): void {
  if (since === '' || /^[0-9]+[smh]$/.test(since)) return
  throw new CtlError(`Error executing command: invalid duration for since flag (try 10s, 5m, or 1h): ${since}`, {
    stream: 'stdout',
  })
}

type Collect = (context: CommandContext) => Promise<string>

/**
 * `cluster diags`: what the datastore tells of the whole cluster, in one archive: every resource, IPAM and what is wrong
 * with it, versions. Spec 06 §11.4; of Kubernetes and of other hosts nothing is read.
 */
export async function collectClusterDiags({ keepTemp }: ClusterDiags, context: CommandContext): Promise<ExitCode> {
  const { shell, call } = context
  const { host, stdout } = shell
  const directory = `calico-diagnostics-${stampOf(host.now())}`
  stdout('==== Begin collecting diagnostics. ====\n')
  const temp = host.makeTempDir()
  stdout(`Created temporary directory: ${temp}\n`)
  try {
    const into = join(temp, directory, 'cluster')
    for (const [name, what, collect] of parts()) {
      stdout(`Collecting ${what}...\n`)
      host.writeText(join(into, name), await collected(collect, shell, context))
    }
    const archive = join(host.cwd(), `${directory}.tar.gz`)
    if (!(await pack({ archive, within: temp, directory }, { shell, call }))) return 1
    stdout(`Diagnostic bundle created at ./${directory}.tar.gz\n`)
    return 0
  } finally {
    if (!keepTemp) host.removeTree(temp)
  }
}

/** The part, or why it could not be had: the others are collected all the same. */
async function collected(collect: Collect, shell: Shell, context: CommandContext): Promise<string> {
  try {
    return await collect(context)
  } catch (error) {
    context.call.signal.throwIfAborted()
    shell.stdout(`ERROR ${messageOf(error)}\n`)
    return `${messageOf(error)}\n`
  }
}

function parts(): (readonly [file: string, what: string, collect: Collect])[] {
  const ofKinds = (Object.keys(kinds) as Kind[]).map((kind) => {
    const { plural } = kinds[kind]
    return [`${plural}.yaml`, plural, (context: CommandContext) => resourcesOf(kind, context)] as const
  })
  return [...ofKinds, ['ipam_check.txt', 'the check of IPAM', checkOf], ['version.txt', 'versions', versionsOf]]
}

async function resourcesOf(kind: Kind, { connection, call }: CommandContext): Promise<string> {
  const { items, revision } = await connection.datastore.list({ kind }, call)
  return formatYaml({
    apiVersion: 'projectcalico.org/v3',
    items,
    kind: `${kind}List`,
    metadata: { resourceVersion: revision },
  })
}

async function checkOf({ connection, call }: CommandContext): Promise<string> {
  const result = await connection.ipam.check({ version: calicoVersion }, call)
  const lines = linesOfCheck(result, { showAll: true, showProblems: true, services: undefined })
  return `${lines.join('\n')}\n\n${formatJson(result.report, { indent: 2 })}\n`
}

async function versionsOf(context: CommandContext): Promise<string> {
  const facts = [['Client Version', calicoVersion] as const, ...(await readVersion(context))]
  return facts.map(([label, value]) => `${label}: ${value}\n`).join('')
}
