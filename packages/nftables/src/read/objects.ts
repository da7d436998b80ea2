import type { NetlinkTransport } from '@tortie/netlink'
import type { Call } from '@tortie/runtime'
import { readChain } from '../object/chain.ts'
import type { Family } from '../object/family.ts'
import { readFlowtable } from '../object/flowtable.ts'
import type { Chain, ChainRef, Flowtable, NftSet, Rule, Table, TableRef } from '../object/object.ts'
import { readRule, writeRulesOf } from '../object/rule.ts'
import { readSet } from '../object/set.ts'
import { readTable } from '../object/table.ts'
import { message } from '../wire/message.ts'
import { ask } from './dump.ts'

/** Every function reads what the kernel holds now. @throws NftablesError `dump-interrupted` (retryable), and refusals */

export async function readTables(transport: NetlinkTransport, call: Call, family?: Family): Promise<Table[]> {
  const tables: Table[] = []
  await ask(
    transport,
    { what: 'tables', type: message.GETTABLE, answer: message.NEWTABLE, dump: true, ...(family && { family }) },
    call,
    (...at) => tables.push(readTable(...at)),
  )
  return tables
}

/** Empty for a table that is not there, here and below. */
export function readChains(transport: NetlinkTransport, table: TableRef, call: Call): Promise<Chain[]> {
  return readOf(transport, table, call, 'chains', [message.GETCHAIN, message.NEWCHAIN], readChain)
}

export function readSets(transport: NetlinkTransport, table: TableRef, call: Call): Promise<NftSet[]> {
  return readOf(transport, table, call, 'sets', [message.GETSET, message.NEWSET], readSet)
}

export function readFlowtables(transport: NetlinkTransport, table: TableRef, call: Call): Promise<Flowtable[]> {
  return readOf(transport, table, call, 'flow tables', [message.GETFLOWTABLE, message.NEWFLOWTABLE], readFlowtable)
}

/** The kernel picks by family only, or by table when it can. */
async function readOf<T extends { readonly table: TableRef }>(
  transport: NetlinkTransport,
  table: TableRef,
  call: Call,
  what: string,
  [type, answer]: readonly [number, number],
  read: (view: DataView, start: number, end: number, family: Family) => T,
): Promise<T[]> {
  const objects: T[] = []
  const request = {
    what: `${what} of ${table.family} ${table.name}`,
    type,
    answer,
    dump: true,
    family: table.family,
  }
  await ask(transport, request, call, (...at) => {
    const object = read(...at)
    if (object.table.name === table.name) objects.push(object)
  })
  return objects
}

/** In order. Of one chain, or of all chains of a table. `position` is the handle of the rule before. */
export async function readRules(transport: NetlinkTransport, of: TableRef | ChainRef, call: Call): Promise<Rule[]> {
  const rules: Rule[] = []
  const { family, name } = of.kind === 'table' ? of : of.table
  const request = {
    what: `rules of ${family} ${name}`,
    type: message.GETRULE,
    answer: message.NEWRULE,
    dump: true,
    family,
    write: (writer: Parameters<typeof writeRulesOf>[0]) => writeRulesOf(writer, of),
  }
  await ask(transport, request, call, (...at) => rules.push(readRule(...at)))
  return rules
}
