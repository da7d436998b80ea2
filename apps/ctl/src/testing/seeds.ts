/** What a cluster's components would have written before the commands of a transcript are given. */

import { ensureInitialized } from '@tortie/datastore'
import { apiVersion, type IPAMHandle, type WorkloadEndpoint } from '@tortie/model'
import { silentLog } from '@tortie/runtime'
import { systemClock, systemRandom } from '@tortie/runtime/system'
import { type Connection, connect } from '../connection.ts'
import { defaultConfig } from '../tree/common.ts'

const call = { signal: new AbortController().signal }
type Seed = (connection: Connection) => Promise<void>

/** By transcript. */
export const seeds: Readonly<Record<string, Seed>> = {
  'ipam-used.txt': useAddresses,
  'ipam-split.txt': useAddresses,
  'spec06-limits.txt': useAddresses,
  'ipam-services.txt': useServiceAddresses,
  'guard.txt': (connection) => followRelease('v3.31.2-rc1', connection),
  'guard-patch.txt': (connection) => followRelease('v3.32.7-0.dev', connection),
  'policy-names.txt': writeOldPolicies,
}

/** Makes the store. */
export async function sow(transcript: string, path: string): Promise<void> {
  const opening = { log: silentLog, access: 'make' } as const
  await using connection = await connect(defaultConfig, { TORTIE_EMBEDDED_PATH: path }, opening, call)
  await seeds[transcript]?.(connection)
}

/** A cluster of another release. */
async function followRelease(version: string, { datastore }: Connection): Promise<void> {
  await ensureInitialized(datastore, { version }, { clock: systemClock, random: systemRandom }, call)
}

/** As a release that put the tier before the name; of one policy the move was cut short, and one has been moved. */
async function writeOldPolicies({ store, datastore }: Connection): Promise<void> {
  await ensureInitialized(datastore, {}, { clock: systemClock, random: systemRandom }, call)
  const write = async (kind: string, key: string, metadata: object): Promise<void> => {
    const made = { uid: '11111111-2222-4333-8444-555555555555', creationTimestamp: '2023-01-01T00:00:00Z', ...metadata }
    const value = JSON.stringify({ kind, apiVersion, metadata: made, spec: { tier: 'default', selector: 'all()' } })
    await store.compareAndSwap(`/calico/resources/v3/projectcalico.org/${key}`, 'absent', value, call)
  }
  const moved = { 'projectcalico.org/metadata': '{"name":"deny"}' }
  for (const name of ['default.allow', 'default.deny', 'other'])
    await write('NetworkPolicy', `networkpolicies/shop/${name}`, { name, namespace: 'shop' })
  await write('NetworkPolicy', 'networkpolicies/shop/deny', { name: 'deny', namespace: 'shop', annotations: moved })
  await write('GlobalNetworkPolicy', 'globalnetworkpolicies/default.quiet', { name: 'default.quiet' })
}

/** Addresses in use, borrowed, leaked, used without allocation, and handles that hold nothing. */
async function useAddresses({ client, datastore, ipam }: Connection): Promise<void> {
  await ensureInitialized(datastore, {}, { clock: systemClock, random: systemRandom }, call)
  await client.ipPools.create(
    { apiVersion, kind: 'IPPool', metadata: { name: 'pods' }, spec: { cidr: '10.65.0.0/28', blockSize: 29 } },
    call,
  )
  await ipam.setConfig({ ipCooldownSeconds: 0 }, call)
  for (const name of ['node-1', 'node-2'])
    await client.nodes.create(
      {
        apiVersion,
        kind: 'Node',
        metadata: { name },
        spec: name === 'node-1' ? { ipv4VXLANTunnelAddr: '10.65.0.6' } : {},
      },
      call,
    )
  const attributes = (node: string, pod: string) => ({ namespace: 'shop', node, pod, timestamp: 'at noon' })
  const assign = (address: string, handle: string, host: string, held: Readonly<Record<string, string>>) =>
    ipam.assignIp({ address, handle, host, attributes: held }, call)
  await assign('10.65.0.1', 'web', 'node-1', attributes('node-1', 'web-0'))
  await assign('10.65.0.2', 'lost', 'node-1', attributes('node-1', 'gone-0'))
  await assign('10.65.0.3', 'far', 'node-2', attributes('node-2', 'far-0'))
  await assign('10.65.0.6', 'tunnel', 'node-1', { node: 'node-1', type: 'vxlanTunnelAddress' })
  await assign('10.65.0.7', 'bare', 'node-1', {})
  const used = { 'web-0': ['10.65.0.1/32'], 'far-0': ['10.65.0.3/32', '192.0.2.1/32'], 'new-0': ['10.65.0.12/32'] }
  for (const [pod, networks] of Object.entries(used))
    await client.workloadEndpoints.create(endpoint(pod, networks), call)
  await client.ipamHandles.create(emptyHandle('stale'), call)
}

/** Of load balancers: of three Services and of one that is gone. */
async function useServiceAddresses({ client, datastore, ipam }: Connection): Promise<void> {
  await ensureInitialized(datastore, {}, { clock: systemClock, random: systemRandom }, call)
  await client.ipPools.create(
    {
      apiVersion,
      kind: 'IPPool',
      metadata: { name: 'services' },
      spec: { cidr: '192.0.2.0/28', blockSize: 28, allowedUses: ['LoadBalancer'] },
    },
    call,
  )
  for (const [service, address] of Object.entries({ web: '192.0.2.1', asked: '192.0.2.2', gone: '192.0.2.9' })) {
    const attributes = { service, namespace: 'shop', type: 'LoadBalancer' }
    const request = { address, handle: `lb-${service}`, host: 'load-balancer', attributes } as const
    await ipam.assignIp({ ...request, intendedUse: 'LoadBalancer' }, call)
  }
}

function endpoint(pod: string, ipNetworks: readonly string[]): WorkloadEndpoint {
  const metadata = { name: '', namespace: 'shop' }
  const spec = { orchestrator: 'k8s', node: 'node-1', pod, endpoint: 'eth0', ipNetworks, interfaceName: `cali${pod}` }
  return { apiVersion, kind: 'WorkloadEndpoint', metadata, spec }
}

function emptyHandle(handleID: string): IPAMHandle {
  const spec = { handleID, block: {}, deleted: false }
  return { apiVersion, kind: 'IPAMHandle', metadata: { name: handleID }, spec }
}
