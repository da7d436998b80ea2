/** Sender, daemon under test and receiver, each in a network namespace of its own. */
import type { ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { createTestNetns, linkNetns, type TestNetns } from '@tortie/linux/testing'
import { createDirectory } from '../../test/interop/daemons/process.ts'
import { type DaemonName, type Dut, daemons } from './daemons.ts'
import type { FeederOptions, FeederReport } from './feeder.ts'

export const senders = { local: '10.2.0.1', as: 64_513, first: '10.2.0.2' } as const
export const receiver = { local: '10.0.3.1', remote: '10.0.3.2', as: 64_514 } as const

/** The address of a sender by number, in the prefix that the senders' namespace takes as its own. */
export const senderAddress = (i: number): string => `10.2.${16 + Math.floor(i / 250)}.${(i % 250) + 1}`
const senderPrefix = '10.2.16.0/20'

export interface Feeder {
  command(line: 'announce' | 'withdraw'): void
  /** The time that came with it, in microseconds. */
  until(event: FeederReport['event']): Promise<number>
}

export interface BenchBed {
  readonly pid: number
  send(options: Omit<FeederOptions, 'role' | 'remote' | 'as'>): Feeder
  receive(options: Pick<FeederOptions, 'holdTime' | 'routes'>): Feeder
}

/**
 * Runs `work` with a daemon that has these neighbours; everything is gone afterwards.
 * @param options `behindGateway`: the senders' addresses are not on the link
 */
export async function withDaemon<T>(
  name: DaemonName,
  dut: Dut,
  work: (bed: BenchBed) => Promise<T>,
  { behindGateway = false } = {},
): Promise<T> {
  const stop = new AbortController()
  using directory = createDirectory()
  using netns = createTestNetns('bench-dut')
  using sending = createTestNetns('bench-send')
  using receiving = createTestNetns('bench-recv')
  const sendersLink = behindGateway ? '24' : '16'
  linkNetns(
    { netns, interface: 'eth2', addresses: [`${senders.local}/${sendersLink}`] },
    { netns: sending, interface: 'eth0', addresses: [`${senders.first}/${sendersLink}`] },
  )
  sending.ip(`route add local ${senderPrefix} dev lo`)
  if (behindGateway) netns.ip(`route add ${senderPrefix} via ${senders.first}`)
  linkNetns(
    { netns, interface: 'eth3', addresses: [`${receiver.local}/24`] },
    { netns: receiving, interface: 'eth0', addresses: [`${receiver.remote}/24`] },
  )
  const children: ChildProcess[] = []
  const feeder = (where: TestNetns, options: FeederOptions): Feeder => {
    const [child, handle] = startFeeder(where, options)
    children.push(child)
    return handle
  }
  try {
    const pid = await daemons[name](netns, dut, directory.path, stop.signal)
    return await work({
      pid,
      send: (options) => feeder(sending, { ...options, role: 'send', remote: senders.local, as: senders.as }),
      receive: (options) => {
        const { local: remote, remote: local, as } = receiver
        return feeder(receiving, { ...options, role: 'receive', remote, as, sets: 1, sessions: [{ local, spans: [] }] })
      },
    })
  } finally {
    for (const child of children) child.kill('SIGKILL')
    stop.abort()
    await new Promise((resolve) => setTimeout(resolve, 300)) // the daemons are gone before their namespaces
  }
}

function startFeeder(netns: TestNetns, options: FeederOptions): readonly [ChildProcess, Feeder] {
  const script = fileURLToPath(new URL('feeder.ts', import.meta.url))
  const child = netns.spawn(process.execPath, [script, JSON.stringify(options)], { stdio: ['pipe', 'pipe', 'inherit'] })
  const reports: FeederReport[] = []
  let told: () => void = () => undefined
  if (!child.stdout) throw new Error('the feeder has no pipe')
  child.once('exit', () => told())
  createInterface({ input: child.stdout }).on('line', (line) => {
    reports.push(JSON.parse(line) as FeederReport)
    told()
  })
  const until = async (event: FeederReport['event']): Promise<number> => {
    for (;;) {
      const at = reports.findIndex((report) => report.event === event)
      if (at >= 0) {
        const [report] = reports.splice(at, 1)
        return report && 'at' in report ? report.at : 0
      }
      if (child.exitCode !== null) throw new Error('the feeder ended')
      await new Promise<void>((resolve) => (told = resolve))
    }
  }
  return [child, { command: (line) => void child.stdin?.write(`${line}\n`), until }]
}

export interface Figures {
  /** Seconds from the first route told to the last one counted. */
  readonly announce: number
  readonly withdraw: number
  /** MiB of resident memory with all routes there. */
  readonly memory: number
}

/** From the first announcement until all routes are at the receiver, and back. */
export async function fillAndEmpty(pid: number, from: Feeder, to: Feeder): Promise<Figures> {
  await Promise.all([from.until('established'), to.until('established')])
  from.command('announce')
  const [first, all] = await Promise.all([from.until('first'), to.until('all')])
  const memory = residentMiB(pid)
  from.command('withdraw')
  const [begun, none] = await Promise.all([from.until('first'), to.until('none')])
  return { announce: (all - first) / 1e6, withdraw: (none - begun) / 1e6, memory }
}

export const residentMiB = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024

/** Seconds of processor time so far, its threads and the kernel's work for it included. */
export function processorSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}
