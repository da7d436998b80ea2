import type { Datastore } from '@tortie/datastore'
import { formatPrefix, hostPrefix, parseCidr } from '@tortie/ip'
import { CniError } from '../errors.ts'
import type { AddressSource } from '../ipam/address-source.ts'
import { calicoSource } from '../ipam/calico.ts'
import { delegatedSource } from '../ipam/delegated.ts'
import type { Session } from '../session.ts'

/** Names of the address manager that runs in this process. */
const own = ['calico-ipam', 'tortie-ipam']

/** Where this network's containers get their addresses. @throws CniError cni/bad-config without `ipam.type` */
export function addressSource(session: Session, store: Datastore, node: string): AddressSource {
  const { type } = session.config.ipam
  if (type === '')
    throw new CniError('cni/bad-config', 'missing ipam.type: add "ipam": {"type": "calico-ipam"} to the network config')
  return own.includes(type) ? calicoSource(session, store, node) : delegatedSource(session)
}

/** `10.0.0.5/26` → `10.0.0.5/32`: what the interface holds, whatever mask the address manager gave. */
export function hostCidr(cidr: string): string {
  return formatPrefix(hostPrefix(parseCidr(cidr).address))
}

/** Default routes for the families that there are addresses of. */
export function defaultRoutes(addresses: readonly string[]): readonly string[] {
  return ['0.0.0.0/0', '::/0'].filter((route) => addresses.some((cidr) => cidr.includes(':') === route.includes(':')))
}
