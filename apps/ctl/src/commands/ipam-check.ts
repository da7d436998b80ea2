import type { Allocation, CheckResult } from '@tortie/ipam'
import { calicoVersion, formatJson } from '@tortie/model'
import { writeText } from '../input/files.ts'
import type { CommandContext, ExitCode } from '../shell.ts'
import { type KubernetesAccess, loadBalancerAddresses } from './services.ts'

export interface CheckOptions {
  readonly showAll: boolean
  readonly showProblems: boolean
  /** File for the report; empty: none. */
  readonly output: string
  readonly kubernetes: KubernetesAccess
  /** End with 1 when there are problems. */
  readonly exitCode: boolean
}

/** `ipam check`: what scripts look for in its lines is spec 06 §11.2. */
export async function checkAllocations(options: CheckOptions, context: CommandContext): Promise<ExitCode> {
  const { connection, shell, call } = context
  shell.stdout('Checking IPAM for inconsistencies...\n\n')
  const services = await loadBalancerAddresses(options.kubernetes, context)
  const result = await connection.ipam.check({ version: calicoVersion, ...(services && { services }) }, call)
  shell.stdout(
    linesOfCheck(result, { ...options, services: services?.size })
      .map((line) => `${line}\n`)
      .join(''),
  )
  if (options.output !== '') writeText(options.output, formatJson(result.report, { indent: 2 }), 0o777)
  return options.exitCode && result.problems > 0 ? 1 : 0
}

interface Shown extends Pick<CheckOptions, 'showAll' | 'showProblems'> {
  /** How many Services have an address of Calico's; undefined when that was not asked. */
  readonly services: number | undefined
}

/** All that is said of a check. */
export function linesOfCheck(result: CheckResult, shown: Shown): string[] {
  return [...whatIsThere(result, shown), ...whatIsWrong(result, shown)]
}

function whatIsThere(result: CheckResult, { showAll, services }: Shown): string[] {
  const { blocks, allocations, activePools, uses } = result
  const inBlock = Map.groupBy(allocations, ({ block }) => block)
  const all = (lines: readonly string[]): readonly string[] => (showAll ? lines : [])
  const usedBy = (...by: readonly string[]): CheckResult['uses'] => uses.filter((use) => by.includes(use.by))
  const belongs = (...by: readonly string[]): readonly string[] =>
    all(usedBy(...by).map(({ address, owner }) => `  ${address} belongs to ${owner}`))
  return [
    'Loading all IPAM blocks...',
    `Found ${blocks.length} IPAM blocks.`,
    ...blocks.flatMap(({ cidr, affinity = '<none>' }) => [
      ` IPAM block ${cidr} affinity=${affinity}:`,
      ...all((inBlock.get(cidr) ?? []).map((held) => `  ${held.address} allocated; attrs ${attributesOf(held)}`)),
    ]),
    ...belongs('windows'),
    `IPAM blocks record ${allocations.length} allocations.`,
    '',
    'Loading all IPAM pools...',
    ...activePools.map((cidr) => `  ${cidr}`),
    `Found ${activePools.length} active IP pools.`,
    '',
    'Loading all nodes.',
    ...belongs('node'),
    `Found ${usedBy('node').length} node tunnel IPs.`,
    '',
    'Loading all service load balancer IPs.',
    ...belongs('service'),
    services === undefined
      ? 'No configuration for LoadBalancer kubecontroller found, skipping service check'
      : `Found ${services} service load balancer(s).`,
    '',
    'Loading all workload endpoints.',
    ...belongs('workload'),
    `Found ${usedBy('workload').length} workload IPs.`,
    `Workloads and nodes are using ${result.inUse} IPs.`,
    '',
    'Loading all handles',
    ...busiestNodes(result.nodes),
    '',
  ]
}

const nodesShown = 20

function busiestNodes(nodes: CheckResult['nodes']): string[] {
  const [most] = nodes
  const median = nodes[Math.floor(nodes.length / 2)]
  return [
    `Looking for top (up to ${nodesShown}) nodes by allocations...`,
    ...nodes.slice(0, nodesShown).map(({ node, allocations }) => `  ${node} has ${allocations} allocations`),
    ...(most && median ? [`Node with most allocations has ${most.allocations}; median is ${median.allocations}`] : []),
  ]
}

function whatIsWrong(result: CheckResult, { showAll, showProblems }: Shown): string[] {
  const held = Map.groupBy(result.allocations, ({ address }) => address)
  const shown = (lines: readonly string[]): readonly string[] => (showProblems ? lines : [])
  const inUse = (found: CheckResult['inUseUnallocated'], what: string): readonly string[] =>
    shown(found.flatMap(({ address, owners }) => owners.map((owner) => `  ${address} in use by ${owner} ${what}`)))
  return [
    'Scanning for IPs that are allocated but not actually in use...',
    ...shown(
      result.leaked.flatMap((address) =>
        (held.get(address) ?? []).map((one) => `  ${address} leaked; attrs ${attributesOf(one)}`),
      ),
    ),
    `Found ${result.leaked.length} IPs that are allocated in IPAM but not actually in use.`,
    'Scanning for IPs that are in use by a workload or node but not allocated in IPAM...',
    ...shown(result.severalOwners.map(({ address }) => `  ${address} has multiple owners.`)),
    ...inUse(result.inUseOutsidePools, 'is not in any active IP pool.'),
    ...inUse(result.inUseUnallocated, 'and in active IPAM pool but has no IPAM allocation.'),
    `Found ${result.inUseOutsidePools.length} in-use IPs that are not in active IP pools.`,
    `Found ${result.inUseUnallocated.length} in-use IPs that are in active IP pools but have no corresponding IPAM allocation.`,
    '',
    'Scanning for IPAM handles with no matching IPs...',
    ...(showAll ? result.leakedHandles.map((handle) => `  ${handle} doesn't have any active IPs.`) : []),
    `Found ${result.leakedHandles.length} handles with no matching IPs (and ${result.handlesInUse} handles with matches).`,
    'Scanning for IPs with missing handle...',
    ...shown(result.missingHandles.map((handle) => `  ${handle} is in use in a block but doesn't exist.`)),
    `Found ${result.missingHandles.length} handles mentioned in blocks with no matching handle resource.`,
    'Validating IPAMBlock structures...',
    ...result.badBlocks.map(({ block, why }) => `  IPAMBlock ${block} is invalid: ${why.join('; ')}`),
    `Found ${result.badBlocks.length} invalid IPAMBlocks.`,
    `Check complete; found ${result.problems} problems.`,
  ]
}

/** `Main:handle Extra:node=node-1,pod=web-0`. */
function attributesOf({ handle, attributes }: Allocation): string {
  const pairs = Object.keys(attributes)
    .sort()
    .map((key) => `${key}=${attributes[key]}`)
  return `Main:${handle || '<none>'} Extra:${pairs.join(',')}`
}
