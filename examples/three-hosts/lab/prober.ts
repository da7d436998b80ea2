/** The demo's side of a probe process in a pod. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Attempt, Command, Outcome, Stream, StreamCount } from './probe.ts'

export interface Prober {
  attempt(attempt: Omit<Attempt, 'id'>): Promise<boolean>
  stream(stream: Stream): void
  count(id: number): Promise<StreamCount>
  stop(): void
}

export async function startProber(netns: string, ports: readonly number[]): Promise<Prober> {
  const script = fileURLToPath(new URL('./probe.ts', import.meta.url))
  const args = ['netns', 'exec', netns, process.execPath, script, ...ports.map(String)]
  const child: ChildProcess = spawn('ip', args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const waiting = new Map<number, (answer: Outcome & StreamCount) => void>()
  let listening: () => void = () => undefined
  const ready = new Promise<void>((resolve) => (listening = resolve))
  if (!child.stdout || !child.stdin) throw new Error('the probe has no pipes')
  createInterface({ input: child.stdout }).on('line', (line) => {
    const answer = JSON.parse(line) as Outcome & StreamCount & { listening?: true }
    if (answer.listening) listening()
    else {
      waiting.get(answer.id)?.(answer)
      waiting.delete(answer.id)
    }
  })
  await ready
  const { stdin } = child
  const send = (command: Command): boolean => stdin.write(`${JSON.stringify(command)}\n`)
  let next = 1000
  const ask = (id: number, command: Command): Promise<Outcome & StreamCount> =>
    new Promise((resolve) => {
      waiting.set(id, resolve)
      send(command)
    })
  return {
    async attempt(attempt) {
      const id = next++
      return (await ask(id, { do: 'attempt', attempt: { ...attempt, id } })).reached
    },
    stream: (stream) => void send({ do: 'stream', ...stream }),
    count: (id) => ask(id, { do: 'count', id }),
    stop: () => child.kill('SIGKILL'),
  }
}
