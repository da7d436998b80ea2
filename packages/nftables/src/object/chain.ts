import type { MessageWriter } from '@tortie/netlink'
import { badValue, NftablesError } from '../errors.ts'
import { bytes, type Format, field, list, name32, nested, optional, string, u64Be } from '../wire/field.ts'
import { getI32 } from '../wire/number.ts'
import { recordFormat } from '../wire/record.ts'
import type { Family } from './family.ts'
import { type ChainType, hookNumber, hookOf } from './hook.ts'
import type { BaseHook, Chain, ChainRef } from './object.ts'
import { tableRef } from './table.ts'

/** enum nft_hook_attributes. One device goes in `device`, several in `devices`. */
interface HookRecord {
  readonly number: number
  readonly priority: number
  readonly device?: string | undefined
  readonly devices?: readonly string[] | undefined
}

/** enum nft_chain_attributes. */
interface ChainRecord {
  readonly table: string
  readonly name: string
  readonly type?: string | undefined
  readonly policy?: BaseHook['policy'] | undefined
  readonly hook?: HookRecord | undefined
  readonly userData?: Uint8Array | undefined
  readonly handle?: bigint | undefined
}

const i32: Format<number> = {
  write: (writer, type, value) => writer.attrU32Be(type, value),
  read: getI32,
}

const hook = recordFormat<HookRecord>(
  'hook',
  {
    number: field(1, i32),
    priority: field(2, i32),
    device: optional(3, string),
    devices: optional(4, list(1, string)),
  },
  {},
)

const record = recordFormat<ChainRecord>(
  'chain',
  {
    table: field(1, string),
    name: field(3, string),
    type: optional(7, string),
    policy: optional(5, name32(['drop', 'accept'])),
    hook: optional(4, nested(hook)),
    userData: optional(12, bytes),
    handle: optional(2, u64Be),
  },
  {},
)

/** @throws NftablesError `nftables/bad-value` for a hook that the family does not have */
export function writeChain(writer: MessageWriter, chain: Chain | ChainRef): void {
  const { table, name } = chain
  const { base, userData } = chain as Chain
  record.write(writer, { table: table.name, name, userData, ...(base && baseRecord(chain, base)) })
}

function baseRecord({ table, name }: ChainRef, { type, hook, priority, devices, policy }: BaseHook) {
  const number = hookNumber(table.family, hook)
  if (number === undefined) throw badValue(`chain ${name}`, `family ${table.family} has no hook ${hook}`)
  const device = devices?.length === 1 ? devices[0] : undefined
  return {
    type,
    policy,
    hook: { number, priority, device, devices: device === undefined ? devices : undefined },
  }
}

export function readChain(view: DataView, start: number, end: number, family: Family): Chain {
  const { table, name, type, policy = 'accept', hook: at, userData, handle } = record.read(view, start, end)
  return {
    kind: 'chain',
    table: tableRef(family, table),
    name,
    ...(at && type !== undefined && { base: readBase(family, type, policy, at) }),
    ...(userData && { userData }),
    ...(handle !== undefined && { handle }),
  }
}

function readBase(family: Family, type: string, policy: BaseHook['policy'], at: HookRecord): BaseHook {
  const found = hookOf(family, at.number)
  if (found === undefined) throw new NftablesError('nftables/malformed', { what: `hook ${at.number} of ${family}` })
  const devices = at.devices ?? (at.device === undefined ? undefined : [at.device])
  return { type: type as ChainType, hook: found, priority: at.priority, policy, ...(devices && { devices }) }
}
