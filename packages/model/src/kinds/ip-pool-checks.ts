import { overlaps, type Prefix, parsePrefix } from '@tortie/ip'
import type { Complaint, Finding } from '../schema/fields.ts'
import { cidrComplaint, netComplaint, tryPrefix } from '../schema/formats.ts'

/** What pools may not be (spec 01 §1.11). */

interface CheckedPool {
  readonly cidr: string
  readonly vxlanMode: string
  readonly ipipMode: string
  readonly blockSize?: number | undefined
  readonly disabled?: boolean | undefined
  readonly disableBGPExport?: boolean | undefined
  readonly nodeSelector: string
  readonly namespaceSelector?: string | undefined
  readonly allowedUses: readonly string[]
}

const linkLocal = { 4: '169.254.0.0/16', 6: 'fe80::/10' } as const
const blockSizes = { 4: { min: 20, max: 32, default: 26 }, 6: { min: 116, max: 128, default: 122 } } as const

/** Prefix length of the blocks of a pool that states none. */
export function defaultBlockSize(family: 4 | 6): 26 | 122 {
  return blockSizes[family].default
}

export function poolCidrComplaint(cidr: string): Complaint {
  if (cidr === '') return 'IPPool CIDR must be specified'
  const bad = cidrComplaint(cidr)
  if (bad !== undefined) return `IPPool CIDR must be a valid subnet: ${bad}`
  const unmasked = netComplaint(cidr)
  if (unmasked !== undefined) return `IP pool CIDR is not strictly masked: ${unmasked.replace('invalid CIDR: ', '')}`
  const prefix = parsePrefix(cidr)
  if (!overlaps(prefix, parsePrefix(linkLocal[prefix.family]))) return undefined
  return `IP pool range overlaps with IPv${prefix.family} Link Local range ${linkLocal[prefix.family]}`
}

export function* poolFindings(pool: CheckedPool): Generator<Finding> {
  const prefix = tryPrefix(pool.cidr)
  const [ipip, vxlan] = [pool.ipipMode !== 'Never', pool.vxlanMode !== 'Never']
  if (prefix?.family === 6 && ipip)
    yield { at: ['ipipMode'], reason: "IPIPMode other than 'Never' is not supported on an IPv6 IP pool" }
  if (ipip && vxlan)
    yield { at: ['ipipMode'], reason: 'IPIPMode and VXLANMode cannot both be enabled; set one to Never' }
  if (prefix) yield* blockSizeFindings(pool, prefix)
  if (pool.namespaceSelector && pool.allowedUses.includes('Tunnel'))
    yield {
      at: ['namespaceSelector'],
      reason: 'a pool with a namespaceSelector cannot be used for Tunnel; set allowedUses to [Workload]',
    }
  if (pool.allowedUses.includes('LoadBalancer')) yield* loadBalancerFindings(pool, ipip || vxlan)
}

function* blockSizeFindings(pool: CheckedPool, { family, length }: Prefix): Generator<Finding> {
  const { min, max } = blockSizes[family]
  const size = pool.blockSize || defaultBlockSize(family)
  if (size < min || size > max)
    yield { at: ['blockSize'], reason: `block size must be from ${min} to ${max} for IPv${family}` }
  else if (!pool.disabled && length > size)
    yield {
      at: ['cidr'],
      reason:
        'IP pool size is too small for use with Calico IPAM. It must be equal to or greater than the block size ' +
        `(/${size}): widen the CIDR or raise blockSize to ${length}`,
    }
}

function* loadBalancerFindings(pool: CheckedPool, encapsulated: boolean): Generator<Finding> {
  const others = pool.allowedUses.filter((use) => use !== 'LoadBalancer')
  if (others.length > 0)
    yield { at: ['allowedUses'], reason: `LoadBalancer cannot be used at the same time as: ${others.join(', ')}` }
  if (encapsulated)
    yield {
      at: ['ipipMode'],
      reason: 'Neither IPIPMode nor VXLANMode can be enabled on AllowedUses LoadBalancer IP pool',
    }
  if (pool.disableBGPExport)
    yield {
      at: ['disableBGPExport'],
      reason: 'IP Pool with AllowedUse LoadBalancer must have DisableBGPExport set to false',
    }
  if (pool.nodeSelector !== 'all()')
    yield {
      at: ['nodeSelector'],
      reason: 'IP Pool with AllowedUse LoadBalancer must have node selector set to all()',
    }
}
