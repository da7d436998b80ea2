import { formatAddress, parseCidr } from '@tortie/ip'
import { type Kind, type ResourceOf, workloadEndpointNamePrefix } from '@tortie/model'
import type { Call } from '@tortie/runtime'
import type { ResourceKey } from '../contract.ts'
import { DatastoreError, isDatastoreError } from '../errors.ts'
import { keyOf } from '../key-of.ts'
import { ensureInitialized } from './ensure-initialized.ts'
import { findResource } from './find.ts'
import type { ClientContext } from './ports.ts'
import type { DeleteOptions } from './rules.ts'

type Node = ResourceOf<'Node'>

/** The first node makes what every cluster has (spec 01 §1.10). */
export async function createNodePrerequisites(context: ClientContext, _node: Node, call: Call): Promise<void> {
  await ensureInitialized(context.datastore, {}, context, call)
}

/**
 * Deletes a node with all that is its own: the addresses of its endpoints and tunnels, its endpoints, its blocks, its
 * peers, its configuration, its host endpoints, and at last the Node, so that what was cut short can be done again (spec 01 §1.10; addresses of IPv6
 * tunnels too, which Calico forgets). @throws DatastoreError Unsupported without IPAM
 */
export async function deleteNode(
  { datastore, ipam }: ClientContext,
  key: ResourceKey<'Node'>,
  options: DeleteOptions,
  call: Call,
): Promise<Node> {
  if (ipam === undefined)
    throw new DatastoreError('Unsupported', {
      ...key,
      operation: 'delete',
      reason: 'no IPAM is there to release its addresses',
    })
  const { name } = key
  const node = await findResource(datastore, key, call)
  const namePrefix = workloadEndpointNamePrefix({ node: name })
  const listed = await datastore.list({ kind: 'WorkloadEndpoint', namePrefix }, call)
  const endpoints = listed.items.filter(({ spec }) => spec.node === name)
  const addresses = [...endpoints.flatMap(({ spec }) => spec.ipNetworks ?? []), ...(node ? tunnelAddresses(node) : [])]
  if (addresses.length > 0)
    await ipam.releaseIps(
      addresses.map((text) => ({ address: bare(text) })),
      call,
    )
  for (const endpoint of endpoints) await deleteIfThere(keyOf<'WorkloadEndpoint'>(endpoint))
  await ipam.removeHost(name, call)
  await deleteOfNode('BGPPeer')
  await deleteIfThere({ kind: 'FelixConfiguration', name: `node.${name}` })
  await deleteIfThere({ kind: 'BGPConfiguration', name: `node.${name}` })
  await deleteOfNode('HostEndpoint')
  return await datastore.delete(key, options, call)

  async function deleteOfNode(kind: 'BGPPeer' | 'HostEndpoint'): Promise<void> {
    const { items } = await datastore.list({ kind }, call)
    for (const item of items) if (item.spec.node === name) await deleteIfThere(keyOf<typeof kind>(item))
  }

  async function deleteIfThere<K extends Kind>(found: ResourceKey<K>): Promise<void> {
    await datastore.delete(found, {}, call).catch((error: unknown) => {
      if (!isDatastoreError(error, 'DoesNotExist') && !isDatastoreError(error, 'Unsupported')) throw error
    })
  }
}

function tunnelAddresses({ spec }: Node): string[] {
  const { bgp, wireguard } = spec
  const all = [
    bgp?.ipv4IPIPTunnelAddr,
    spec.ipv4VXLANTunnelAddr,
    spec.ipv6VXLANTunnelAddr,
    wireguard?.interfaceIPv4Address,
    wireguard?.interfaceIPv6Address,
  ]
  return all.flatMap((address) => address || [])
}

function bare(text: string): string {
  return formatAddress(parseCidr(text).address)
}
