import { formatAddress, isAddress, parseAddress } from '@tortie/ip'
import { isIpamError, type Usage } from '@tortie/ipam'
import { CtlError } from '../errors.ts'
import { formatF0, formatG5 } from '../output/go-number.ts'
import { formatBox } from '../output/table.ts'
import type { CommandContext, ExitCode } from '../shell.ts'

const numbers = ['IPS TOTAL', 'IPS IN USE', 'IPS RESERVED', 'IPS FREE']

/** `show` and `show --show-blocks`: a row for each pool, and beneath it one for each block. Spec 06 §11.2. */
export async function showUsage(
  { withBlocks }: { readonly withBlocks: boolean },
  { connection, shell, call }: CommandContext,
): Promise<ExitCode> {
  const pools = await connection.ipam.getUtilization({}, call)
  const rows = pools.flatMap((pool) => [
    ...(pool.orphaned ? [] : [usageRow('IP Pool', pool)]),
    ...(withBlocks ? pool.blocks.map((block) => usageRow('Block', block)) : []),
  ])
  shell.stdout(formatBox(['GROUPING', 'CIDR', ...numbers], rows, numbers))
  return 0
}

function usageRow(grouping: string, usage: Usage & { readonly cidr: string }): string[] {
  const { cidr, capacity, inUse, reserved, available } = usage
  const share = (part: number): string =>
    `${formatG5(part)} (${formatF0(capacity === 0 ? 0 : (100 * part) / capacity)}%)`
  return [grouping, cidr, formatG5(capacity), share(inUse), share(reserved), share(available)]
}

/** An address as Go writes it; what is none is told on standard output (spec 06 §11.2, §12). @throws CtlError */
export function readAddress(text: string): string {
  if (isAddress(text)) return formatAddress(parseAddress(text))
  throw new CtlError(`Error executing command: invalid IP address specified: ${text}`, { stream: 'stdout' })
}

/** `show --ip`. */
export async function showAddress(ip: string, { connection, shell, call }: CommandContext): Promise<ExitCode> {
  const address = readAddress(ip)
  try {
    const { handle, attributes, alternateAttributes } = await connection.ipam.getAssignmentAttributes(address, call)
    const active = ownerLines('Active Owner Attributes', attributes)
    shell.stdout(`IP ${address} is in use\nHandle ID: ${handle || '<none>'}\n`)
    shell.stdout(active || 'No Active Owner attributes defined\n')
    shell.stdout(ownerLines('Alternate Owner Attributes', alternateAttributes))
  } catch (error) {
    if (!isIpamError(error, 'ipam/not-assigned') && !isIpamError(error, 'ipam/not-in-pool')) throw error
    shell.stdout(`${address} is not assigned\n`)
  }
  return 0
}

/** Empty when there are none. */
function ownerLines(title: string, attributes: Readonly<Record<string, string>>): string {
  const lines = Object.keys(attributes)
    .sort()
    .map((key) => `  ${key}: ${attributes[key]}\n`)
  return lines.length === 0 ? '' : `${title}:\n${lines.join('')}`
}

/** `show --show-borrowed`: what a node holds in a block of another, or of nobody. */
export async function showBorrowed({ connection, shell, call }: CommandContext): Promise<ExitCode> {
  const { borrowed, withoutNode } = await connection.ipam.listBorrowed(call)
  const rows = borrowed.map(({ address, borrowingNode, block, blockOwner, type, allocatedTo }) => [
    address,
    borrowingNode,
    block,
    blockOwner,
    type,
    type === 'vmi' || type === 'pod' ? allocatedTo : '',
  ])
  shell.stdout(formatBox(['IP', 'BORROWING-NODE', 'BLOCK', 'BLOCK OWNER', 'TYPE', 'ALLOCATED-TO'], rows))
  if (withoutNode > 0)
    shell.stdout(
      `\nNote: found ${withoutNode} IP allocations without an explicit node association. ` +
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
