import { openNetlink } from '@tortie/linux'
import { createTestNetns, type TestNetns } from '@tortie/linux/testing'
import { NETLINK_NETFILTER } from '@tortie/netlink'
import { afterAll, describe, expect, it } from 'vitest'
import {
  commitSync,
  createChain,
  createTable,
  createTransaction,
  type Expression,
  expressionKinds,
  formatTransaction,
  readRules,
  readSets,
  rule,
} from './index.ts'
import { type Golden, goldenChains, goldenFrame } from './testing/golden.ts'
import { goldens, withoutGolden } from './testing/goldens.ts'

const call = { signal: new AbortController().signal }

function nft(netns: TestNetns, text: string): void {
  netns.run('sh', '-c', `nft -f - <<'END'\n${text}\nEND`)
}

describe('a rule lists and reads back as the one nft made of text', () => {
  const open = () => {
    const netns = createTestNetns('golden')
    return { netns, link: openNetlink({ netns, protocol: NETLINK_NETFILTER }) }
  }
  const [textual, ours, printed] = [open(), open(), open()]
  afterAll(() => {
    for (const { netns, link } of [textual, ours, printed]) {
      link[Symbol.dispose]()
      netns[Symbol.dispose]()
    }
  })

  it.each(goldens)('$name: $nft', async (golden: Golden) => {
    const chainName = golden.chain ?? 'filter'
    const table = createTable(goldenChains[chainName][0], 't')
    const chain = createChain(table, 'y')
    nft(textual.netns, goldenFrame(chainName, golden.nft))
    nft(ours.netns, goldenFrame(chainName, ''))
    const sets = await readSets(ours.link, table, call)
    const set = (name: string) => sets.find((one) => one.name === name)!
    const transaction = createTransaction()
    const terms = golden.terms({ table, transaction, set })
    const sent = rule(chain, terms, golden.userData ? { userData: golden.userData } : {})
    commitSync(ours.link, transaction.add(sent))
    const list = ['nft', '-s', 'list', 'ruleset'] as const
    nft(printed.netns, goldenFrame(chainName, ''))
    nft(printed.netns, formatTransaction(transaction))
    const expected = textual.netns.run(...list)
    expect(ours.netns.run(...list)).toBe(expected)
    expect(printed.netns.run(...list), formatTransaction(transaction)).toBe(expected)
    const [read] = await readRules(ours.link, chain, call)
    expect(read?.expressions.map(named)).toEqual(sent.expressions.map(named))
    expect(read?.userData).toEqual(sent.userData)
    const [reference] = await readRules(textual.link, chain, call)
    expect(isEqual(read?.expressions, reference?.expressions), golden.differs ?? 'as nft').toBe(!golden.differs)
  })
})

it('leaves no kind of expression out', () => {
  const table = createTable('inet', 't')
  const kinds = goldens.flatMap((golden) => {
    const terms = golden.terms({
      table,
      transaction: createTransaction(),
      set: (name) => ({ kind: 'set', table, name, key: [] }),
    })
    return rule(createChain(createTable(goldenChains[golden.chain ?? 'filter'][0], 't'), 'y'), terms).expressions.map(
      ({ kind }) => kind,
    )
  })
  expect([...new Set(kinds), ...Object.keys(withoutGolden)].sort()).toEqual([...expressionKinds].sort())
})

/** Names of anonymous sets are given by the kernel. */
function named(expression: Expression): Expression {
  if (expression.kind !== 'lookup') return expression
  const { setId: _, ...rest } = expression
  return { ...rest, set: expression.set.replace(/^__(set|map)%d$/, '__$10') }
}

function isEqual(a: unknown, b: unknown): boolean {
  return JSON.stringify(a, plain) === JSON.stringify(b, plain)
}

function plain(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value instanceof Uint8Array ? [...value] : value
}
