import type { ResourceOf } from '@tortie/model'

export type EncapMode = 'none' | 'vxlan' | 'ipip'

/** How packets to addresses of `pool` travel between two nodes. Spec 01 §1.11: CrossSubnet encapsulates between subnets only. */
export function encapOf(pool: ResourceOf<'IPPool'> | undefined, sameSubnet: boolean): EncapMode {
  for (const encap of ['vxlan', 'ipip'] as const) {
    const mode = encap === 'vxlan' ? pool?.spec.vxlanMode : pool?.spec.ipipMode
    if (mode === 'Always' || (mode === 'CrossSubnet' && !sameSubnet)) return encap
  }
  return 'none'
}
