/**
 * Transcripts: files of commands and what they answer, run in one process against a store of their own.
 *
 *     -- pool.yaml --          a file, which commands name as $DIR/pool.yaml
 *     apiVersion: …
 *     == applying a pool ==    begins the commands
 *     $ tortiectl apply -f $DIR/pool.yaml
 *     Successfully applied 1 'IPPool' resource(s)
 *     $ NAME=value tortiectl get nothing < $DIR/input
 *     ! failed to get resources: …        a line of standard error
 *     [1]                                 the exit code, when it is not 0
 *
 * `·` is a space at the end of a line, `⏎` a line end that is missing. What differs from run to run is `<uid>`, `<time>`,
 * `<guid>`, `<revision>`, `<sequence>` and `<temp>`. `HOST=$DIR/m` before a command gives it the machine under
 * `$DIR/m`, as testing/host.ts reads it; without it is the one under `$DIR/host`.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { runProgram } from '../program.ts'
import type { ExitCode, Shell } from '../shell.ts'
import { defaultConfig } from '../tree/common.ts'
import { hostIn } from './host.ts'

export interface Transcript {
  readonly files: ReadonlyMap<string, string>
  /** What stands before the first command, as written. */
  readonly head: string
  readonly lines: readonly string[]
}

export function parseTranscript(text: string): Transcript {
  const start = text.search(/^== /m)
  const head = text.slice(0, start)
  const files = new Map<string, string>()
  for (const [, name = '', content = ''] of head.matchAll(/^-- (.*) --\n([\s\S]*?)(?=^-- .* --$|(?![\s\S]))/gm))
    files.set(name, content)
  return { files, head, lines: text.slice(start).split('\n') }
}

/** The transcript anew: its commands, with what they answer now. @param before is told the directory of the store */
export async function replay(
  { files, head, lines }: Transcript,
  before: (store: string) => Promise<void> = () => Promise.resolve(),
): Promise<string> {
  if (existsSync(defaultConfig)) throw new Error(`${defaultConfig} is there: commands would use the store it names`)
  const dir = mkdtempSync(join(tmpdir(), 'tortie-transcript-'))
  try {
    await before(join(dir, 'store'))
    for (const [name, content] of files) {
      mkdirSync(dirname(join(dir, name)), { recursive: true })
      writeFileSync(join(dir, name), content)
    }
    const answers: string[] = []
    for (const line of lines) {
      if (line.startsWith('== ')) answers.push(answers.length === 0 ? `${line}\n` : `\n${line}\n`)
      if (line.startsWith('$ ')) answers.push(`${line}\n${await answer(line.slice(2), dir)}`)
    }
    return head + answers.join('')
  } finally {
    rmSync(dir, { recursive: true })
  }
}

async function answer(command: string, dir: string): Promise<string> {
  const { words, input } = readCommand(command.replaceAll('$DIR', dir))
  if (words[0] === 'cat') return shown(readFileSync(words[1] ?? '', 'utf8'), dir)
  const at = words.findIndex((word) => !/^[A-Z_]+=/.test(word))
  const environment = Object.fromEntries(words.slice(0, at).map((word) => word.split(/=(.*)/s, 2)))
  const printed = await run(words.slice(at + 1), {
    name: words[at] ?? '',
    environment: { TORTIE_EMBEDDED_PATH: join(dir, 'store'), ...environment },
    host: environment.HOST ?? join(dir, 'host'),
    input: input === undefined ? '' : readFileSync(input, 'utf8'),
  })
  const err = shown(printed.stderr, dir).replace(/^(?=.)/gm, '! ')
  return `${shown(printed.stdout, dir)}${err}${printed.code === 0 ? '' : `[${printed.code}]\n`}`
}

export interface Printed {
  readonly code: ExitCode
  readonly stdout: string
  readonly stderr: string
}

interface Setting {
  readonly name?: string
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly input?: string
  /** The directory that stands for the machine, as hostIn reads it. */
  readonly host?: string
}

/** One command in this process. */
export async function run(args: readonly string[], setting: Setting): Promise<Printed> {
  let stdout = ''
  let stderr = ''
  const shell: Shell = {
    name: setting.name ?? 'tortiectl',
    environment: setting.environment,
    host: hostIn(setting.host ?? join(tmpdir(), 'no-host')),
    stdin: async () => setting.input ?? '',
    stdout: (text) => {
      stdout += text
    },
    stdoutBytes: async (bytes) => {
      stdout += Buffer.from(bytes).toString('latin1')
    },
    stderr: (text) => {
      stderr += text
    },
  }
  const code = await runProgram(args, shell, { signal: AbortSignal.timeout(20_000) })
  return { code, stdout, stderr }
}

/** Words as a shell reads them: quotes, and `< file` at the end. */
function readCommand(command: string): { readonly words: string[]; readonly input: string | undefined } {
  const words = [...command.matchAll(/'([^']*)'|"([^"]*)"|([^\s'"]+(?:'[^']*'|"[^"]*")?)/g)].map(
    ([, single, double, plain]) => single ?? double ?? plain?.replaceAll(/['"]/g, '') ?? '',
  )
  const at = words.indexOf('<')
  return at < 0 ? { words, input: undefined } : { words: words.slice(0, at), input: words[at + 1] }
}

const varying: readonly (readonly [RegExp, string])[] = [
  [/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g, '<uid>'],
  [/\b[0-9a-f]{32}\b/g, '<guid>'],
  [/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, '<time>'],
  [/("?(?:resourceVersion|clusterInformationRevision|Revision)"?: )"\d+"/g, '$1"<revision>"'],
  [/(changed since revision )\d+/g, '$1<revision>'],
  [/\b\d{16,}\b/g, '<sequence>'],
  [/(\/calico)[A-Za-z0-9]{6}\b/g, '$1<temp>'],
]

function shown(text: string, dir: string): string {
  let result = text.replaceAll(dir, '$DIR')
  for (const [pattern, name] of varying) result = result.replace(pattern, name)
  result = result.replace(/ +$/gm, (spaces) => '·'.repeat(spaces.length))
  return result === '' || result.endsWith('\n') ? result : `${result}⏎\n`
}
