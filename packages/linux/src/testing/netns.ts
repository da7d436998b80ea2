import { type ChildProcess, type SpawnOptions, spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { addressToBytes, parseCidr } from '@tortie/ip'
import { createRtnetlink, IF_OPER_UP, linkBy } from '@tortie/netlink'
import { createNetns, createSysctl, deleteNetns, enterNetns, type Netns, openNetlink } from '../index.ts'

/** A network namespace that goes away when disposed, with everything in it. */
export interface TestNetns extends Netns {
  /** `tortie-<what>-<pid>-<n>`: unique on the machine, so that tests running at once do not meet. */
  readonly name: string
  /** Runs a command inside and returns what it printed. @throws Error with its stderr when it fails */
  run(command: string, ...args: string[]): string
  /** Runs `ip` with the words of each line, as one batch. Much faster than one `ip` for each. */
  ip(...lines: string[]): void
  /** What `ip -j …` says, e.g. `ipJson('route', 'show', 'table', 'all')`. */
  ipJson(...args: string[]): unknown
  /** Starts a process inside. The caller ends it. */
  spawn(command: string, args: readonly string[], options?: SpawnOptions): ChildProcess
}

let made = 0

/** @param what a short word for the name, e.g. `routes` */
export function createTestNetns(what: string): TestNetns {
  const name = `tortie-${what}-${process.pid}-${++made}`
  const netns = createNetns(name)
  const run = (input: string | undefined, command: string, args: readonly string[]): string => {
    const options = { encoding: 'utf8', maxBuffer: 1 << 30, ...(input === undefined ? {} : { input }) } as const
    const { status, stdout, stderr, error } = enterNetns(netns, () => spawnSync(command, args, options))
    if (error) throw error
    if (status !== 0) throw new Error(`${command} ${args.join(' ')} in ${name}: exit ${status}: ${stderr || stdout}`)
    return stdout
  }
  const test: TestNetns = {
    fd: netns.fd,
    path: netns.path,
    name,
    run: (command, ...args) => run(undefined, command, args),
    ip: (...lines) => void run(`${lines.join('\n')}\n`, 'ip', ['-batch', '-']),
    ipJson: (...args) => JSON.parse(run(undefined, 'ip', ['-j', ...args]) || '[]') as unknown,
    spawn: (command, args, options = {}) => enterNetns(netns, () => spawn(command, args, options)),
    [Symbol.dispose]() {
      netns[Symbol.dispose]()
      deleteNetns(name)
    },
  }
  test.ip('link set lo up')
  return test
}

/** One end of a veth pair. */
export interface VethEnd {
  readonly netns: TestNetns
  readonly interface: string
  /** With length: `10.0.0.1/24`, `fd00::1/64`. */
  readonly addresses?: readonly string[]
  readonly mac?: string
}

/** Joins two namespaces by a veth pair; both ends are up when this returns. IPv6 is usable at once (no DAD). */
export function linkNetns(a: VethEnd, b: VethEnd): void {
  a.netns.ip(`link add ${a.interface} type veth peer name ${b.interface} netns ${b.netns.name}`)
  for (const { netns, interface: device, addresses = [], mac } of [a, b]) {
    createSysctl(netns).write(`net/ipv6/conf/${device}/accept_dad`, '0')
    netns.ip(
      ...(mac === undefined ? [] : [`link set ${device} address ${mac}`]),
      `link set ${device} up`,
      // Without `nodad` an address is tentative until a worker of the kernel gets to it, and cannot be bound.
      ...addresses.map((address) => `addr add ${address} dev ${device}${address.includes(':') ? ' nodad' : ''}`),
    )
  }
  for (const { netns, interface: device, addresses = [] } of [a, b]) waitUntilUp(netns, device, addresses)
}

/**
 * The kernel notes a carrier in the background; asking for this one link makes newer kernels do it at once. In the
 * background too it joins the groups by which neighbours look for IPv6 addresses: until then they ask in vain, for 1 s.
 */
function waitUntilUp(netns: TestNetns, name: string, addresses: readonly string[]): void {
  using socket = openNetlink({ protocol: 0, netns })
  const rt = createRtnetlink(socket)
  const groups = addresses.filter((address) => address.includes(':')).map(solicitedNodeGroup)
  const ready = (): boolean =>
    rt.findSync(linkBy({ name }))?.operState === IF_OPER_UP && groups.every(isJoined(netns, name))
  const deadline = performance.now() + 5000
  while (!ready()) {
    if (performance.now() > deadline) throw new Error(`${name} in ${netns.name} does not come up`)
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1)
  }
}

/** RFC 4291 §2.7.1, as 32 hexadecimal digits. */
function solicitedNodeGroup(cidr: string): string {
  const last = addressToBytes(parseCidr(cidr).address).subarray(-3)
  return `ff0200000000000000000001ff${Array.from(last, (byte) => byte.toString(16).padStart(2, '0')).join('')}`
}

function isJoined(netns: Netns, device: string): (group: string) => boolean {
  const table = enterNetns(netns, () => readFileSync('/proc/thread-self/net/igmp6', 'utf8'))
  const lines = table.split('\n').map((line) => line.split(/\s+/))
  return (group) => lines.some(([, name, joined]) => name === device && joined === group)
}
