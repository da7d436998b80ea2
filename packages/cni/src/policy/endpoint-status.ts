import { formatPrefix, parsePrefix } from '@tortie/ip'

/** What an endpoint must look like in its status file. */
export interface ExpectedStatus {
  readonly interface: string
  readonly mac: string
  /** Host prefixes. */
  readonly addresses: readonly string[]
}

/**
 * Whether a status file is about this endpoint, and not left over from one of the same name (spec 04 §14, T26). What the
 * file does not say does not count against it, but the interface has to be there.
 */
export function matchesStatus(text: string, expected: ExpectedStatus): boolean {
  const status = parseStatus(text)
  if (status?.ifaceName !== expected.interface) return false
  if (typeof status.mac === 'string' && status.mac.toLowerCase() !== expected.mac.toLowerCase()) return false
  const nets = [status.ipv4Nets, status.ipv6Nets].flatMap((list) => (Array.isArray(list) ? list : []))
  const reported = new Set(nets.map((net) => canonical(String(net))))
  return nets.length === 0 || expected.addresses.every((address) => reported.has(canonical(address)))
}

function parseStatus(
  text: string,
): Partial<Record<'ifaceName' | 'mac' | 'ipv4Nets' | 'ipv6Nets', unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    return undefined // being written
  }
}

function canonical(cidr: string): string {
  try {
    return formatPrefix(parsePrefix(cidr))
  } catch {
    return cidr
  }
}
