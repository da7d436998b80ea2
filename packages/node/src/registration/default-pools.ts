import type { Datastore } from '@tortie/datastore'
import { overlaps, parseCidr, parsePrefix, prefixOf } from '@tortie/ip'
import type { ResourceOf } from '@tortie/model'
import type { HostAddress } from './autodetect.ts'

type Environment = Readonly<Record<string, string | undefined>>

const modes: Readonly<Record<string, 'Never' | 'Always' | 'CrossSubnet'>> = {
  '': 'Never',
  off: 'Never',
  never: 'Never',
  always: 'Always',
  'cross-subnet': 'CrossSubnet',
  crosssubnet: 'CrossSubnet',
}

/**
 * The pools that a first node creates where none of the family exists. Spec 07 a4. IPv6 only when its CIDR is given:
 * a random ULA that nobody asked for helps nobody here.
 */
export function defaultPools(environment: Environment, addresses: readonly HostAddress[]): ResourceOf<'IPPool'>[] {
  if (environment.NO_DEFAULT_POOLS === 'true') return []
  const pools: ResourceOf<'IPPool'>[] = []
  for (const family of [4, 6] as const) {
    const read = (name: string): string | undefined => environment[`CALICO_IPV${family}POOL_${name}`]
    const cidr = read('CIDR') || (family === 4 ? freeNetwork(addresses) : 'none')
    if (cidr === 'none') continue
    const mode = (name: string): 'Never' | 'Always' | 'CrossSubnet' =>
      modes[(read(name) ?? '').toLowerCase()] ?? 'Never'
    pools.push({
      apiVersion: 'projectcalico.org/v3',
      kind: 'IPPool',
      metadata: { name: `default-ipv${family}-ippool` },
      spec: {
        cidr,
        blockSize: Number(read('BLOCK_SIZE') ?? (family === 4 ? 26 : 122)),
        ipipMode: family === 4 ? mode('IPIP') : 'Never',
        vxlanMode: mode('VXLAN'),
        natOutgoing: !/^(false|0|no|n|f)$/i.test(read('NAT_OUTGOING') ?? (family === 4 ? 'true' : 'false')),
        nodeSelector: read('NODE_SELECTOR') || 'all()',
      },
    })
  }
  return pools
}

/** 192.168.0.0/16, or the first 172.x.0.0/16 that holds no address of this host. */
function freeNetwork(addresses: readonly HostAddress[]): string {
  const candidates = ['192.168.0.0/16', ...Array.from({ length: 16 }, (_, i) => `172.${16 + i}.0.0/16`)]
  const used = addresses.map(({ cidr }) => {
    const { address, length } = parseCidr(cidr)
    return prefixOf(address, length)
  })
  return candidates.find((cidr) => !used.some((network) => overlaps(network, parsePrefix(cidr)))) ?? '192.168.0.0/16'
}

/** Families of which a pool exists already. */
export async function poolFamilies(datastore: Datastore, call: { readonly signal: AbortSignal }): Promise<Set<4 | 6>> {
  const { items } = await datastore.list({ kind: 'IPPool' }, call)
  return new Set(items.map(({ spec }) => (spec.cidr.includes(':') ? 6 : 4)))
}
