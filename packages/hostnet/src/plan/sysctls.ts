import type { LocalWorkload } from '@tortie/dataplane'
import type { HostnetConfig } from '../config.ts'

export interface Setting {
  readonly key: string
  readonly value: string
  /** Whether a failure is worth no more than a word in the log. */
  readonly optional?: boolean
}

/** Of the whole namespace. Spec 02 §5.1. */
export function hostSettings({ ipForwarding, ipv6 }: HostnetConfig): Setting[] {
  const forwarding = [
    { key: 'net/ipv4/ip_forward', value: '1' },
    ...(ipv6 ? [{ key: 'net/ipv6/conf/all/forwarding', value: '1' }] : []),
  ]
  return [...(ipForwarding ? forwarding : []), { key: 'net/netfilter/nf_conntrack_acct', value: '1', optional: true }]
}

/** What new interfaces get, read once before anything is written. */
export const defaultRpFilterKey = 'net/ipv4/conf/default/rp_filter'

/** Of a workload's interface, when it has come up. Spec 02 §5.2. */
export function interfaceSettings(
  { interface: name, spoofablePrefixes }: Pick<LocalWorkload, 'interface' | 'spoofablePrefixes'>,
  defaultRpFilter: string,
  { ipv6 }: Pick<HostnetConfig, 'ipv6'>,
): Setting[] {
  return [
    { key: `net/ipv6/conf/${name}/accept_ra`, value: '0' },
    { key: `net/ipv4/conf/${name}/route_localnet`, value: '1' },
    { key: `net/ipv4/neigh/${name}/proxy_delay`, value: '0', optional: true },
    { key: `net/ipv4/conf/${name}/proxy_arp`, value: '1' },
    { key: `net/ipv4/conf/${name}/forwarding`, value: '1' },
    { key: `net/ipv4/conf/${name}/rp_filter`, value: spoofablePrefixes.length > 0 ? '0' : defaultRpFilter },
    ...(ipv6
      ? [
          { key: `net/ipv6/conf/${name}/proxy_ndp`, value: '1' },
          { key: `net/ipv6/conf/${name}/forwarding`, value: '1' },
        ]
      : []),
  ]
}
