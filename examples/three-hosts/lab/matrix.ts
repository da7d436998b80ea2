/** Who reaches whom: what the policy says, what the packets say, and any difference. */
import type { Host } from './network.ts'
import type { Prober } from './prober.ts'
import type { PodRequest } from './processes.ts'

export interface Party {
  readonly name: string
  /** Undefined for the machine outside. */
  readonly pod?: PodRequest & { readonly host: Host }
  readonly ipv4: string
  readonly ipv6: string
  readonly prober: Prober
}

/** One question to ask of each pair. `port` 0 for ICMP. */
export interface Question {
  readonly letter: string
  readonly protocol: 'tcp' | 'udp' | 'icmp'
  readonly port: number
  readonly family: 4 | 6
}

export const questions: readonly Question[] = [
  { letter: 't', protocol: 'tcp', port: 8080, family: 4 },
  { letter: 'd', protocol: 'tcp', port: 5432, family: 4 },
  { letter: 'u', protocol: 'udp', port: 8080, family: 4 },
  { letter: 'i', protocol: 'icmp', port: 0, family: 4 },
  { letter: 'T', protocol: 'tcp', port: 8080, family: 6 },
  { letter: 'D', protocol: 'tcp', port: 5432, family: 6 },
  { letter: 'U', protocol: 'udp', port: 8080, family: 6 },
  { letter: 'I', protocol: 'icmp', port: 0, family: 6 },
]

export const legend = 't tcp/8080  d tcp/5432  u udp/8080  i icmp   small letters IPv4, capitals IPv6, · refused'

export interface Cell {
  readonly from: string
  readonly to: string
  readonly question: Question
  readonly expected: boolean
  readonly measured: boolean
}

export type Says = (from: Party, to: Party, question: Question) => boolean

/** Sends every question between every pair, a few pairs at a time, and sets the answers beside what the policy says. */
export async function measure(
  parties: readonly Party[],
  says: Says,
  ask: (question: Question) => boolean = () => true,
): Promise<Cell[]> {
  const cells: Cell[] = []
  const tasks = parties.flatMap((from) =>
    parties
      .filter((to) => to !== from)
      .flatMap((to) => questions.filter(ask).map((question) => ({ from, to, question }))),
  )
  const worker = async (): Promise<void> => {
    for (let task = tasks.shift(); task; task = tasks.shift()) {
      const { from, to, question } = task
      const expected = says(from, to, question)
      const { protocol, port, family } = question
      const target = family === 4 ? to.ipv4 : to.ipv6
      // What should pass may take its time on a busy machine; what should not is given up soon.
      const timeoutMs = expected ? 5000 : 400
      const measured = await from.prober.attempt({ protocol, to: target, port, timeoutMs })
      cells.push({ from: from.name, to: to.name, question, expected, measured })
    }
  }
  await Promise.all(Array.from({ length: 24 }, worker))
  return cells
}

/** Rows send, columns receive; a cell has a letter for each question that was answered, `!` before a wrong one. */
export function formatMatrix(parties: readonly Party[], cells: readonly Cell[]): string {
  const names = parties.map(({ name }) => name)
  const width = Math.max(questions.length, ...names.map((name) => name.length)) + 2
  const pad = (text: string): string => text.padEnd(width)
  const cell = (from: string, to: string): string =>
    from === to
      ? ''
      : questions
          .map((question) => {
            const found = cells.find((c) => c.from === from && c.to === to && c.question === question)
            const mark = found?.measured ? question.letter : '·'
            return found && found.measured !== found.expected ? `!${mark}` : mark
          })
          .join('')
  const rows = names.map((from) => pad(from) + names.map((to) => pad(cell(from, to))).join(''))
  return [pad('from \\ to') + names.map(pad).join(''), ...rows].map((line) => `    ${line.trimEnd()}`).join('\n')
}

export function wrongCells(cells: readonly Cell[]): string[] {
  return cells
    .filter((cell) => cell.measured !== cell.expected)
    .map(({ from, to, question, expected }) => {
      const what = `${question.protocol}${question.port ? `/${question.port}` : ''} over IPv${question.family}`
      return `${from} → ${to} ${what}: the policy says ${expected ? 'allow' : 'deny'}, the packets say otherwise`
    })
}
