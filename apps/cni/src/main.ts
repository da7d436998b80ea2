/** `tortie-cni`, `calico`, `calico-ipam`: asks the agent of this host; without one, does the work itself. */
import { readFileSync, realpathSync, writeSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { CniReply, CniRequest } from '@tortie/cni'
import { askAgent, question } from '@tortie/cni/ask'

const oldestNode = 24
/** What an agent can do for us. VERSION and the rest need nobody. */
const askable = ['ADD', 'DEL', 'CHECK', 'GC', 'STATUS']

function readRequest(): CniRequest {
  let config: string | undefined
  const [, file = '', ...args] = process.argv
  return {
    // Built or from source, the file's own name stands for the program's.
    program: basename(file).replace(/^main\.(cjs|ts)$/, 'tortie-cni'),
    args,
    env: process.env,
    readStdin: () => (config ??= readFileSync(0, 'utf8')),
  }
}

/** The agent's socket; undefined when no agent can help, whatever the reason: `runCni` finds out and says. */
function agentSocket({ args, env, readStdin }: CniRequest): string | undefined {
  if (args.length > 0 || !askable.includes(env.CNI_COMMAND ?? '')) return undefined
  try {
    const config = JSON.parse(readStdin() as string) as { readonly agent_socket?: unknown }
    const path = config.agent_socket ?? env.TORTIE_CNI_SOCKET ?? '/var/run/calico/tortie-cni.sock'
    return typeof path === 'string' && path !== '' ? path : undefined
  } catch {
    return undefined
  }
}

async function run(request: CniRequest): Promise<CniReply> {
  const stop = new AbortController()
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.once(signal, () => stop.abort(new Error(`stopped by ${signal}`)))
  const path = agentSocket(request)
  const asked = path && (await askAgent(path, question(request, (await request.readStdin()) as string), stop))
  if (asked && asked.kind === 'reply') return asked.reply
  keepCompiledCode()
  const { runHere, runAfterLoss } = await import('./standalone.ts')
  return asked && asked.kind === 'lost' ? await runAfterLoss(request, asked.why, stop) : await runHere(request, stop)
}

/** PERF: 10 of 85 ms; beside the executable, where it may be written, else not at all (bench/cni.bench.ts). */
function keepCompiledCode(): void {
  const file = realpathSync(process.argv[1] ?? '')
  if (file.endsWith('.cjs')) process.getBuiltinModule('node:module').enableCompileCache(join(dirname(file), 'cache'))
}

function print(descriptor: 1 | 2, text: string): void {
  for (let rest = Buffer.from(text); rest.length > 0; ) rest = rest.subarray(writeSync(descriptor, rest))
}

async function main(): Promise<void> {
  const major = Number(process.versions.node.split('.')[0])
  const reply: CniReply =
    major < oldestNode
      ? refusal(`this plugin needs Node ${oldestNode} or newer and was started by ${process.version}: check PATH`)
      : await run(readRequest()).catch((error: unknown) => refusal(error instanceof Error ? error.message : `${error}`))
  print(2, reply.stderr)
  print(1, reply.stdout)
  process.exit(reply.exitCode)
}

function refusal(msg: string): CniReply {
  return { stdout: `${JSON.stringify({ code: 999, msg }, null, 4)}\n`, stderr: '', exitCode: 1 }
}

void main()
