import { addressOf, formatAddress, isAddress, parsePrefix } from '@tortie/ip'
import { isIpamError } from '@tortie/ipam'
import { CtlError } from '../errors.ts'
import { formatG5 } from '../output/go-number.ts'
import { formatBox } from '../output/table.ts'
import type { CommandContext, ExitCode } from './command.ts'

/** `show` and `show --show-blocks`: one row for each pool, and beneath it one for each block. */
export async function showUsage(
  { withBlocks }: { readonly withBlocks: boolean },
  { connection, shell, call }: CommandContext,
): Promise<ExitCode> {
  const pools = await connection.ipam.getUtilization({}, call)
  const share = (part: number, whole: number): string =>
    `${formatG5(part)} (${whole === 0 ? 0 : Math.round((100 * part) / whole)}%)`
  const row = (
    grouping: string,
    usage: (typeof pools)[number] | (typeof pools)[number]['blocks'][number],
  ): string[] => [
    grouping,
    usage.cidr,
    formatG5(usage.capacity),
    share(usage.inUse, usage.capacity),
    share(usage.reserved, usage.capacity),
    share(usage.available, usage.capacity),
  ]
  const rows = pools.flatMap((pool) => [
    ...(pool.orphaned ? [] : [row('IP Pool', pool)]),
    ...(withBlocks ? pool.blocks.map((block) => row('Block', block)) : []),
  ])
  shell.stdout(formatBox(['GROUPING', 'CIDR', 'IPS TOTAL', 'IPS IN USE', 'IPS RESERVED', 'IPS FREE'], rows))
  return 0
}

/** `show --ip`. */
export async function showAddress(ip: string, { connection, shell, call }: CommandContext): Promise<ExitCode> {
  if (!isAddress(ip)) {
    shell.stdout(`Error executing command: invalid IP address specified: ${ip}\n`)
    return 1
  }
  try {
    const { handle, attributes, alternateAttributes } = await connection.ipam.getAssignmentAttributes(ip, call)
    const list = (values: Readonly<Record<string, string>>): string =>
      Object.entries(values)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, value]) => `  ${key}: ${value}\n`)
        .join('')
    shell.stdout(`IP ${ip} is in use\nHandle ID: ${handle ?? '<none>'}\n`)
    const none = Object.keys(attributes).length === 0
    shell.stdout(none ? 'No Active Owner attributes defined\n' : `Active Owner Attributes:\n${list(attributes)}`)
    if (Object.keys(alternateAttributes).length > 0)
      shell.stdout(`Alternate Owner Attributes:\n${list(alternateAttributes)}`)
  } catch (error) {
    const free = isIpamError(error, 'ipam/not-assigned') || isIpamError(error, 'ipam/cooling-down')
    if (!free && !isIpamError(error, 'ipam/not-in-pool')) throw new CtlError(String(error), { cause: error })
    shell.stdout(`${ip} is not assigned\n`)
  }
  return 0
}

/** `show --show-borrowed`: what a node holds in a block that is affine to another, or to nobody. */
export async function showBorrowed({ connection, shell, call }: CommandContext): Promise<ExitCode> {
  const { items } = await connection.datastore.list({ kind: 'IPAMBlock' }, call)
  const rows: string[][] = []
  let unknown = 0
  for (const { spec } of items) {
    const owner = spec.affinity?.replace(/^(host|virtual):/, '') ?? ''
    const { family, value } = parsePrefix(spec.cidr)
    for (const [ordinal, attribute] of spec.allocations.entries()) {
      if (attribute === null) continue
      const held = spec.attributes[attribute]?.secondary ?? {}
      if (!held.node) unknown++
      else if (held.node !== owner) {
        const type = held['vmi-name'] ? 'vmi' : held.pod ? 'pod' : (held.type ?? '')
        const to = type === 'vmi' || type === 'pod' ? `${held.namespace ?? ''}/${held['vmi-name'] ?? held.pod}` : ''
        const address = formatAddress(addressOf(family, value + BigInt(ordinal)))
        rows.push([address, held.node, spec.cidr, owner, type, to])
      }
    }
  }
  shell.stdout(formatBox(['IP', 'BORROWING-NODE', 'BLOCK', 'BLOCK OWNER', 'TYPE', 'ALLOCATED-TO'], rows))
  if (unknown > 0)
    shell.stdout(
      `Note: found ${unknown} IP allocations without an explicit node association. ` +
        'Unable to determine if they are borrowed.\n',
    )
  return 0
}

/** `show --show-configuration`. */
export async function showConfiguration({ connection, shell, call }: CommandContext): Promise<ExitCode> {
  const config = await connection.ipam.getConfig(call)
  const rows = [
    ['StrictAffinity', String(config.strictAffinity)],
    ['AutoAllocateBlocks', String(config.autoAllocateBlocks)],
    ['MaxBlocksPerHost', String(config.maxBlocksPerHost)],
    ['KubeVirtVMAddressPersistence', config.kubeVirtVMAddressPersistence],
    ['IPCooldownSeconds', String(config.ipCooldownSeconds)],
  ]
  shell.stdout(formatBox(['PROPERTY', 'VALUE'], rows))
  return 0
}
