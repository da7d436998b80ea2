import { openNetlink } from '@tortie/linux'
import { createTestNetns, type TestNetns } from '@tortie/linux/testing'
import { NETLINK_NETFILTER } from '@tortie/netlink'
import { afterAll, expect, it } from 'vitest'
import {
  comment,
  commitSync,
  createChain,
  createElements,
  createMap,
  createPackedElements,
  createSet,
  createTable,
  createTransaction,
  dataTypes,
  type Element,
  element,
  formatTransaction,
  type NftObject,
  packAddresses,
  packKeys,
  packPrefixes,
  packRanges,
  priorities,
  range,
  readChains,
  readElements,
  readSets,
  readTableContents,
  readTables,
  setComment,
} from './index.ts'

const call = { signal: new AbortController().signal }
const t = createTable('inet', 't')
const base = { type: 'filter', hook: 'forward', priority: 0, policy: 'accept' } as const
const h4 = createSet(t, 's', ['ipv4_addr'])
const n4 = createSet(t, 's', ['ipv4_addr'], { interval: true })
const n6 = createSet(t, 's', ['ipv6_addr'], { interval: true })

/** Objects besides table t, and the text that makes the same. */
const cases: readonly { readonly name: string; readonly objects: readonly NftObject[]; readonly text: string }[] = [
  { name: 'table', objects: [], text: 'table inet t {\n}' },
  {
    name: 'dormant table',
    objects: [createTable('ip', 'd', { dormant: true })],
    text: 'table inet t {\n}\ntable ip d { flags dormant; }',
  },
  {
    name: 'table with a comment',
    objects: [createTable('ip6', 'd', { userData: comment('owned by tests') })],
    text: 'table inet t {\n}\ntable ip6 d { comment "owned by tests"; }',
  },
  { name: 'chain', objects: [createChain(t, 'c')], text: 'table inet t { chain c { }; }' },
  {
    name: 'chain with a comment',
    objects: [createChain(t, 'c', undefined, { userData: comment('why') })],
    text: 'table inet t { chain c { comment "why"; }; }',
  },
  ...(['prerouting', 'input', 'forward', 'output', 'postrouting'] as const).map((hook) => ({
    name: `base chain at ${hook}`,
    objects: [createChain(t, 'c', { ...base, hook, priority: priorities.mangle + 1, policy: 'drop' })],
    text: `table inet t { chain c { type filter hook ${hook} priority -149; policy drop; }; }`,
  })),
  {
    name: 'nat chain',
    objects: [createChain(t, 'c', { ...base, type: 'nat', hook: 'postrouting', priority: priorities.srcnat })],
    text: 'table inet t { chain c { type nat hook postrouting priority srcnat; }; }',
  },
  {
    name: 'route chain',
    objects: [createChain(t, 'c', { ...base, type: 'route', hook: 'output', priority: priorities.mangle })],
    text: 'table inet t { chain c { type route hook output priority mangle; }; }',
  },
  {
    name: 'ARP chain',
    objects: [createTable('arp', 'a'), createChain(createTable('arp', 'a'), 'c', { ...base, hook: 'output' })],
    text: 'table inet t {\n}\ntable arp a { chain c { type filter hook output priority 0; }; }',
  },
  {
    name: 'ingress chain of one device',
    objects: [
      createTable('netdev', 'n'),
      createChain(createTable('netdev', 'n'), 'c', { ...base, hook: 'ingress', devices: ['lo'] }),
    ],
    text: 'table inet t {\n}\ntable netdev n { chain c { type filter hook ingress device "lo" priority 0; }; }',
  },
  {
    name: 'ingress chain of two devices',
    objects: [
      createTable('netdev', 'n'),
      createChain(createTable('netdev', 'n'), 'c', { ...base, hook: 'ingress', devices: ['lo', 'v0'] }),
    ],
    text: 'table inet t {\n}\ntable netdev n { chain c { type filter hook ingress devices = { lo, v0 } priority 0; }; }',
  },
  { name: 'set of addresses', objects: [h4], text: 'table inet t { set s { type ipv4_addr; }; }' },
  {
    name: 'packed addresses',
    objects: [h4, createPackedElements(h4, packAddresses('ipv4_addr', ['10.0.0.1', '10.0.0.3']))],
    text: 'table inet t { set s { type ipv4_addr; elements = { 10.0.0.1, 10.0.0.3 }; }; }',
  },
  {
    name: 'packed prefixes',
    objects: [
      n4,
      createPackedElements(
        n4,
        packPrefixes('ipv4_addr', ['10.0.0.0/8', '11.0.0.0/24', '255.255.255.0/24', '12.0.0.1']),
      ),
    ],
    text: 'table inet t { set s { type ipv4_addr; flags interval; elements = { 10.0.0.0/8, 11.0.0.0/24, 12.0.0.1, 255.255.255.0/24 }; }; }',
  },
  {
    name: 'packed IPv6 prefixes',
    objects: [n6, createPackedElements(n6, packPrefixes('ipv6_addr', ['fd00::/44', '::/1', '8000::/2']))],
    text: 'table inet t { set s { type ipv6_addr; flags interval; elements = { ::/1, 8000::/2, fd00::/44 }; }; }',
  },
  {
    name: 'everything as two halves',
    objects: [n4, createPackedElements(n4, packPrefixes('ipv4_addr', ['0.0.0.0/1', '128.0.0.0/1']))],
    text: 'table inet t { set s { type ipv4_addr; flags interval; elements = { 0.0.0.0/1, 128.0.0.0/1 }; }; }',
  },
  ...((): (typeof cases)[number][] => {
    const ports = createSet(t, 's', ['inet_service'], { interval: true })
    const triple = createSet(t, 's', ['ipv4_addr', 'inet_proto', 'inet_service'])
    const pair = createSet(t, 's', ['ipv6_addr', 'inet_service'], { interval: true })
    const names = createSet(t, 's', ['ifname'])
    const macs = createSet(t, 's', ['ether_addr', 'ifname'])
    return [
      {
        name: 'packed ranges of ports',
        objects: [
          ports,
          createPackedElements(
            ports,
            packRanges(ports.key, [
              [[1], [1]],
              [[80], [90]],
              [[1000], [65535]],
            ]),
          ),
        ],
        text: 'table inet t { set s { type inet_service; flags interval; elements = { 1, 80-90, 1000-65535 }; }; }',
      },
      {
        name: 'packed concatenations',
        objects: [
          triple,
          createPackedElements(
            triple,
            packKeys(triple.key, [
              ['10.0.0.1', 'tcp', 80],
              ['10.0.0.2', 132, 9],
            ]),
          ),
        ],
        text: 'table inet t { set s { type ipv4_addr . inet_proto . inet_service; elements = { 10.0.0.1 . tcp . 80, 10.0.0.2 . sctp . 9 }; }; }',
      },
      {
        name: 'packed ranges of concatenations',
        objects: [
          pair,
          createPackedElements(
            pair,
            packRanges(pair.key, [
              [
                ['fd00::', 80],
                ['fd00::ff', 90],
              ],
            ]),
          ),
        ],
        text: 'table inet t { set s { type ipv6_addr . inet_service; flags interval; elements = { fd00::/120 . 80-90 }; }; }',
      },
      {
        name: 'names',
        objects: [names, createPackedElements(names, packKeys(names.key, [['cali1'], ['eth0']]))],
        text: 'table inet t { set s { type ifname; elements = { "cali1", "eth0" }; }; }',
      },
      {
        name: 'MAC addresses with names',
        objects: [macs, createElements(macs, [element(macs.key, ['02:00:00:00:00:01', 'cali1'])])],
        text: 'table inet t { set s { type ether_addr . ifname; elements = { 02:00:00:00:00:01 . "cali1" }; }; }',
      },
    ]
  })(),
  ...(
    [
      ['mark', '0x10'],
      ['ct_state', 'new'],
      ['uid', '0'],
      ['pkt_type', 'multicast'],
      ['icmp_type', 'echo-request', 8],
      ['icmpv6_type', 'nd-router-advert', 134],
      ['ether_type', 'arp'],
      ['tcp_flag', 'syn'],
      ['devgroup', '5'],
      ['iface_index', '1'],
      ['fib_addrtype', 'local'],
      ['dscp', '0x17'],
      ['ct_dir', 'reply'],
      ['nf_proto', 'ipv6'],
      ['inet_proto', 'tcp'],
      ['ether_addr', '02:00:00:00:00:01'],
      ['arp_op', 'reply'],
      ['iface_type', 'ether', 1],
      ['realm', '5'],
      ['gid', '0'],
      ['ct_status', 'assured'],
      ['icmp_code', '3'],
      ['icmpv6_code', '3'],
      ['icmpx_code', '2'],
      ['ecn', '1'],
    ] as const
  ).map(([type, text, value]) => {
    const set = createSet(t, 's', [type])
    return {
      name: `set of ${type}`,
      objects: [set, createElements(set, [element(set.key, [value ?? text])])],
      text: `table inet t { set s { type ${type}; elements = { ${text} }; }; }`,
    }
  }),
  {
    name: 'set with everything',
    objects: [
      createSet(t, 's', ['ipv4_addr'], {
        timeout: true,
        timeoutMs: 3_600_000n,
        gcIntervalMs: 10_000,
        size: 1000,
        policy: 'memory',
        userData: setComment('hosts'),
      }),
    ],
    text: 'table inet t { set s { type ipv4_addr; flags timeout; timeout 1h; gc-interval 10s; size 1000; policy memory; comment "hosts"; }; }',
  },
  {
    name: 'constant and dynamic sets',
    objects: [
      createSet(t, 's', ['ipv4_addr'], { constant: true }),
      createSet(t, 'u', ['ipv4_addr'], { dynamic: true, size: 65535 }),
    ],
    text: 'table inet t { set s { type ipv4_addr; flags constant; }; set u { type ipv4_addr; flags dynamic; size 65535; }; }',
  },
  ...((): (typeof cases)[number][] => {
    const verdicts = createMap(t, 'm', ['ifname'], 'verdict')
    const ranges = createMap(t, 'm', ['inet_service'], 'verdict', { interval: true })
    const nat = createMap(t, 'm', ['inet_service'], ['ipv4_addr', 'inet_service'])
    const marks = createMap(t, 'm', ['ipv4_addr'], ['mark'])
    const x = createChain(t, 'x')
    const jump = { kind: 'jump', chain: 'x' } as const
    return [
      {
        name: 'verdict map with a default',
        objects: [
          x,
          verdicts,
          createElements(verdicts, [
            element(verdicts.key, ['cali1'], { verdict: jump }),
            element(verdicts.key, ['cali2'], { verdict: { kind: 'goto', chain: 'x' }, userData: comment('second') }),
            { verdict: { kind: 'drop' } },
          ]),
        ],
        text: 'table inet t { map m { type ifname : verdict; elements = { "cali1" : jump x, "cali2" comment "second" : goto x, * : drop }; }; chain x { }; }',
      },
      {
        name: 'verdict map of ranges',
        objects: [
          x,
          ranges,
          createElements(ranges, [
            ...range(ranges.key, [80], [90], { verdict: jump }),
            ...range(ranges.key, [443], [443], { verdict: { kind: 'return' } }),
          ]),
        ],
        text: 'table inet t { map m { type inet_service : verdict; flags interval; elements = { 80-90 : jump x, 443 : return }; }; chain x { }; }',
      },
      {
        name: 'map to address and port',
        objects: [
          nat,
          createElements(nat, [element(nat.key, [80], { data: Uint8Array.of(10, 0, 0, 1, 31, 144, 0, 0) })]),
        ],
        text: 'table inet t { map m { type inet_service : ipv4_addr . inet_service; elements = { 80 : 10.0.0.1 . 8080 }; }; }',
      },
      {
        name: 'map to mark',
        objects: [
          marks,
          createElements(marks, [element(marks.key, ['10.0.0.1'], { data: Uint8Array.of(16, 0, 0, 0) })]),
        ],
        text: 'table inet t { map m { type ipv4_addr : mark; elements = { 10.0.0.1 : 0x10 }; }; }',
      },
    ]
  })(),
]

const [textual, ours, printed] = [createTestNetns('objects'), createTestNetns('objects'), createTestNetns('objects')]
const link = openNetlink({ netns: ours, protocol: NETLINK_NETFILTER })
for (const netns of [textual, ours, printed]) netns.ip('link add v0 type veth peer name v1')
afterAll(() => {
  for (const each of [link, textual, ours, printed]) each[Symbol.dispose]()
})

it('leaves no type of keys out', () => {
  const types = cases.flatMap(({ objects }) =>
    objects.flatMap((object) => (object.kind === 'set' ? [...object.key] : [])),
  )
  // what `fib` says is a word of 4 bytes, and never in a set
  expect([...new Set([...types, 'boolean'])].sort()).toEqual(Object.keys(dataTypes).sort())
})

it.each(cases)('$name lists as the one nft made of text, and reads back', async ({ objects, text }) => {
  nft(textual, `flush ruleset\n${text}`)
  for (const netns of [ours, printed]) nft(netns, 'flush ruleset')
  const transaction = createTransaction().add(t, ...(objects as []))
  commitSync(link, transaction)
  expect(ours.run('nft', '-s', 'list', 'ruleset')).toBe(textual.run('nft', '-s', 'list', 'ruleset'))
  nft(printed, formatTransaction(transaction))
  expect(printed.run('nft', '-s', 'list', 'ruleset')).toBe(textual.run('nft', '-s', 'list', 'ruleset'))
  const sent = [t, ...objects]
  const tables = (await readTables(link, call)).map(bare)
  expect(tables).toEqual(sent.filter(({ kind }) => kind === 'table'))
  const chains = await Promise.all(tables.map((table) => readChains(link, table as typeof t, call)))
  expect(chains.flat().map(bare)).toEqual(sent.filter(({ kind }) => kind === 'chain'))
  expect((await readSets(link, t, call)).map(bare)).toEqual(sent.filter(({ kind }) => kind === 'set'))
  for (const object of objects)
    if (object.kind === 'elements') {
      const read = await readElements(link, object.set, call)
      expect(sorted(read)).toEqual(sorted(object.elements))
    }
  const { generation, table } = await readTableContents(link, t, call)
  expect({ generation: generation > 0, name: table?.name }).toEqual({ generation: true, name: 't' })
})

function nft(netns: TestNetns, text: string): void {
  netns.run('sh', '-c', `nft -f - <<'END'\n${text}\nEND`)
}

function bare(object: object): object {
  const { handle: _, ...rest } = object as { handle?: bigint }
  return rest
}

function sorted(elements: readonly Element[]): Element[] {
  return [...elements].sort((a, b) => String(a.key).localeCompare(String(b.key)))
}
