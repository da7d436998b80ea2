import { spawnSync } from 'node:child_process'
import { enterNetns, openNetlink } from '@tortie/linux'
import { createTestNetns, type TestNetns } from '@tortie/linux/testing'
import { NETLINK_NETFILTER, type NetlinkTransport } from '@tortie/netlink'
import {
  action,
  type Chain,
  commitSync,
  createChain,
  createElements,
  createMap,
  createPackedElements,
  createSet,
  createTable,
  createTransaction,
  element,
  match,
  type NftSet,
  readElements,
  readPacked,
  readRules,
  rule,
  type Term,
  type Transaction,
} from '@tortie/nftables'
import { type BenchRow, median } from './row.ts'

const call = { signal: new AbortController().signal }
const { meta, ct, ip, tcp } = match
const table = createTable('inet', 'bench')

/** Sets of 100,000 elements in all; `interval` ones are /29 prefixes. */
const sets = [
  { name: 's0', count: 50_000, interval: false },
  { name: 's1', count: 10_000, interval: false },
  { name: 's2', count: 20_000, interval: true },
  { name: 's3', count: 10_000, interval: true },
  { name: 's4', count: 10_000, interval: true },
] as const
const chainCount = 2_000
const interfaceCount = 500
const dispatch = createMap(table, 'dispatch', ['ifname'], 'verdict')
const forward = createChain(table, 'forward', { type: 'filter', hook: 'forward', priority: 0, policy: 'accept' })

function addressOf(set: number, i: number, interval: boolean): number {
  return 0x0a000000 + (set << 20) + (interval ? i * 16 : i)
}

function packed(set: NftSet, number: number, count: number, interval: boolean, from = 0) {
  const keys = new Uint8Array(count * 4)
  const ends = new Uint8Array(interval ? count * 4 : 0)
  const [view, endView] = [new DataView(keys.buffer), new DataView(ends.buffer)]
  for (let i = 0; i < count; i++) {
    view.setUint32(i * 4, addressOf(number, from + i, interval))
    if (interval) endView.setUint32(i * 4, addressOf(number, from + i, interval) + 7)
  }
  return createPackedElements(set, interval ? { count, keys, ends } : { count, keys })
}

const setOf = (number: number): NftSet => {
  const { name, interval } = sets[number] ?? sets[0]
  return createSet(table, name, ['ipv4_addr'], interval ? { interval } : {})
}

/** Ten rules such as a policy has: sets, ports, conntrack state, marks, counters. */
function termsOf(chain: number): Term[][] {
  const source = setOf(chain % sets.length)
  return [
    [ct.state.has('established,related'), action.accept],
    [ip.saddr.in(source), tcp.dport.is(80), action.counter, action.accept],
    [ip.saddr.in(source), tcp.dport.is(443), action.counter, action.accept],
    [ip.daddr.in(setOf((chain + 1) % sets.length)), action.counter, action.accept],
    [ip.saddr.is('10.0.0.0/8'), tcp.dport.between(1000, 2000), action.counter, action.drop],
    [meta.l4proto.is('udp'), action.counter, action.accept],
    [meta.mark.masked(0xff00, 0x100), action.counter, action.drop],
    [action.setMark(0x200, 0xff00)],
    [ip.saddr.notIn(source), action.counter, action.return],
    [action.counter, action.drop],
  ]
}

function rulesText(chain: number): string {
  const [source, destination] = [sets[chain % sets.length]?.name, sets[(chain + 1) % sets.length]?.name]
  return [
    'ct state established,related accept',
    `ip saddr @${source} tcp dport 80 counter accept`,
    `ip saddr @${source} tcp dport 443 counter accept`,
    `ip daddr @${destination} counter accept`,
    'ip saddr 10.0.0.0/8 tcp dport 1000-2000 counter drop',
    'meta l4proto udp counter accept',
    'meta mark & 0x0000ff00 == 0x00000100 counter drop',
    'meta mark set meta mark & 0xffff00ff | 0x00000200',
    `ip saddr != @${source} counter return`,
    'counter drop',
  ].join('\n')
}

const chainOf = (number: number): Chain => createChain(table, `tw-${number}`)

function addChain(transaction: Transaction, number: number): void {
  const chain = chainOf(number)
  transaction.add(chain)
  for (const terms of termsOf(number)) transaction.add(rule(chain, terms))
}

const jumpTo = (name: string, chain: number) =>
  element(dispatch.key, [name], { verdict: { kind: 'jump', chain: `tw-${chain}` } })

function fullLoad(): Transaction {
  const transaction = createTransaction().add(table)
  sets.forEach(({ count, interval }, number) => {
    transaction.add(setOf(number), packed(setOf(number), number, count, interval))
  })
  for (let chain = 0; chain < chainCount; chain++) addChain(transaction, chain)
  const elements = Array.from({ length: interfaceCount }, (_, i) => jumpTo(`cali${i}`, i))
  return transaction
    .add(dispatch, createElements(dispatch, elements), forward)
    .add(rule(forward, [meta.iifname.vmap(dispatch)]))
}

const dotted = (value: number): string => `${value >>> 24}.${(value >> 16) & 255}.${(value >> 8) & 255}.${value & 255}`

function elementsText(number: number, count: number, interval: boolean, from = 0): string {
  return Array.from(
    { length: count },
    (_, i) => dotted(addressOf(number, from + i, interval)) + (interval ? '/29' : ''),
  ).join(', ')
}

function fullText(): string {
  const setText = sets.map(
    ({ name, count, interval }, number) =>
      `set ${name} {\ntype ipv4_addr\n${interval ? 'flags interval\n' : ''}elements = { ${elementsText(number, count, interval)} }\n}`,
  )
  const chains = Array.from({ length: chainCount }, (_, i) => `chain tw-${i} {\n${rulesText(i)}\n}`)
  const jumps = Array.from({ length: interfaceCount }, (_, i) => `"cali${i}" : jump tw-${i}`).join(', ')
  const map = `map dispatch {\ntype ifname : verdict\nelements = { ${jumps} }\n}`
  const hook = 'chain forward {\ntype filter hook forward priority 0; policy accept;\niifname vmap @dispatch\n}'
  return `table inet bench {\n${[...setText, map, ...chains, hook].join('\n')}\n}\n`
}

/** The transport, with the time that the kernel takes summed up. */
function timed(transport: NetlinkTransport): NetlinkTransport & { kernelMs: number } {
  return {
    portId: transport.portId,
    kernelMs: 0,
    exchangeSync(request) {
      const start = performance.now()
      const answers = transport.exchangeSync(request)
      this.kernelMs += performance.now() - start
      return answers
    },
    exchange: (request, call) => transport.exchange(request, call),
    [Symbol.dispose]() {},
  }
}

/** Medians of the whole and of its kernel part, in ms. */
function measure(
  runs: number,
  transport: ReturnType<typeof timed>,
  work: (run: number) => void,
  after?: (run: number) => void,
) {
  const [whole, kernel]: [number[], number[]] = [[], []]
  for (let run = 0; run < runs; run++) {
    transport.kernelMs = 0
    const start = performance.now()
    work(run)
    whole.push(performance.now() - start)
    kernel.push(transport.kernelMs)
    after?.(run)
  }
  return { whole: median(whole), kernel: median(kernel) }
}

function nft(netns: TestNetns, text: string): number {
  const start = performance.now()
  const { status, stderr } = enterNetns(netns, () => spawnSync('nft', ['-f', '-'], { input: text, encoding: 'utf8' }))
  if (status !== 0) throw new Error(`nft: ${stderr}`)
  return performance.now() - start
}

function rows(name: string, ours: { whole: number; kernel: number }, nftMs: number): BenchRow[] {
  const row = (name: string, reference: string, value: number): BenchRow => ({
    name,
    ours: ours.whole,
    unit: 'ms',
    reference: { name: reference, value },
    ratio: ours.whole / value,
  })
  return [
    row(`nftables: ${name}`, 'nft -f', nftMs),
    row(`nftables: ${name}, against the kernel alone`, 'kernel', ours.kernel),
  ]
}

interface Delta {
  readonly name: string
  readonly runs: number
  readonly change: (run: number) => Transaction
  readonly undo: (run: number) => Transaction
  readonly text: (run: number) => string
  readonly undoText: (run: number) => string
}

const extra = (number: number, count: number, run: number) =>
  packed(setOf(number), number, count, sets[number]?.interval ?? false, 60_000 + run * count)
const extraText = (number: number, count: number, run: number): string =>
  elementsText(number, count, sets[number]?.interval ?? false, 60_000 + run * count)
const elementDelta = (name: string, set: number, count: number, runs: number): Delta => ({
  name,
  runs,
  change: (run) => createTransaction().add(extra(set, count, run)),
  undo: (run) => createTransaction().delete(extra(set, count, run)),
  text: (run) => `add element inet bench s${set} { ${extraText(set, count, run)} }\n`,
  undoText: (run) => `delete element inet bench s${set} { ${extraText(set, count, run)} }\n`,
})

const deltas: readonly Delta[] = [
  elementDelta('1 element of 50k', 0, 1, 51),
  elementDelta('1 prefix of 20k', 2, 1, 51),
  elementDelta('1k elements of 50k', 0, 1000, 5),
  {
    name: 'chain, 10 rules and map element',
    runs: 31,
    change: (run) => {
      const transaction = createTransaction()
      addChain(transaction, chainCount + run)
      return transaction.add(createElements(dispatch, [jumpTo(`new${run}`, chainCount + run)]))
    },
    undo: (run) =>
      createTransaction()
        .delete(createElements(dispatch, [element(dispatch.key, [`new${run}`])]))
        .delete(chainOf(chainCount + run)),
    text: (run) => {
      const name = `tw-${chainCount + run}`
      const rules = rulesText(chainCount + run)
        .split('\n')
        .map((text) => `add rule inet bench ${name} ${text}\n`)
      return `add chain inet bench ${name}\n${rules.join('')}add element inet bench dispatch { "new${run}" : jump ${name} }\n`
    },
    undoText: (run) =>
      `delete element inet bench dispatch { "new${run}" }\ndelete chain inet bench tw-${chainCount + run}\n`,
  },
]

/** In turns, so that whatever else the machine does meets both. */
function benchLoad(netns: TestNetns, transport: ReturnType<typeof timed>): BenchRow[] {
  const drop = createTransaction().delete(table)
  const list = (): string => netns.run('nft', '-s', 'list', 'ruleset')
  const text = fullText()
  const nftTimes: number[] = []
  const ours: { whole: number; kernel: number }[] = []
  let reference = ''
  for (let run = 0; run < 5; run++) {
    nftTimes.push(nft(netns, text))
    if (run === 0) reference = list()
    commitSync(transport, drop)
    ours.push(measure(1, transport, () => commitSync(transport, fullLoad())))
    if (run === 0 && list() !== reference)
      throw new Error('the ruleset made by messages lists otherwise than the one made by nft of the same text')
    if (run < 4) commitSync(transport, drop)
  }
  const medians = { whole: median(ours.map(({ whole }) => whole)), kernel: median(ours.map(({ kernel }) => kernel)) }
  return rows('load of 100k elements, 2,000 chains × 10 rules, 500-way map', medians, median(nftTimes))
}

function benchDelta(netns: TestNetns, transport: ReturnType<typeof timed>, delta: Delta): BenchRow[] {
  const ours = measure(
    delta.runs,
    transport,
    (run) => commitSync(transport, delta.change(run)),
    (run) => commitSync(transport, delta.undo(run)),
  )
  const nftTimes: number[] = []
  for (let run = 0; run < 5; run++) {
    nftTimes.push(nft(netns, delta.text(run)))
    nft(netns, delta.undoText(run))
  }
  return rows(delta.name, ours, median(nftTimes))
}

async function benchRead(netns: TestNetns, transport: NetlinkTransport): Promise<BenchRow[]> {
  const time = async (work: () => Promise<unknown>): Promise<number> => {
    const times: number[] = []
    for (let run = 0; run < 5; run++) {
      const start = performance.now()
      await work()
      times.push(performance.now() - start)
    }
    return median(times)
  }
  const packedMs = await time(() => readPacked(transport, setOf(0), call))
  const start = performance.now()
  netns.run('nft', 'list', 'set', 'inet', 'bench', 's0')
  const listMs = performance.now() - start
  const reference = { name: 'nft list set', value: listMs }
  return [
    { name: 'nftables: read 50k elements, packed', ours: packedMs, unit: 'ms', reference, ratio: packedMs / listMs },
    {
      name: 'nftables: read 50k elements',
      ours: await time(() => readElements(transport, setOf(0), call)),
      unit: 'ms',
    },
    { name: 'nftables: read 20,001 rules', ours: await time(() => readRules(transport, table, call)), unit: 'ms' },
  ]
}

/** In a namespace of its own. Needs root and nft. */
export async function run(): Promise<BenchRow[]> {
  using netns = createTestNetns('nft-bench')
  using netlink = openNetlink({ netns, protocol: NETLINK_NETFILTER })
  const transport = timed(netlink)
  const result = benchLoad(netns, transport)
  for (const delta of deltas) result.push(...benchDelta(netns, transport, delta))
  result.push(...(await benchRead(netns, netlink)))
  return result
}
