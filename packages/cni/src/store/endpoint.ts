import { type Datastore, isDatastoreError } from '@tortie/datastore'
import {
  apiVersion,
  type WorkloadEndpoint,
  wellKnown,
  workloadEndpointName,
  workloadEndpointNamePrefix,
} from '@tortie/model'
import type { Call } from '@tortie/runtime'
import { CniError, textOf } from '../errors.ts'
import type { Workload } from '../identity/labels.ts'
import type { CniDrivers } from '../ports.ts'

export const orchestrator = 'cni'
const writeTries = 6
const longestName = 253
const endpointNameRule = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/

/** What identifies a container's endpoint outside Kubernetes. */
export interface EndpointIdentity {
  readonly node: string
  readonly containerId: string
  readonly ifname: string
}

export interface NewEndpoint extends EndpointIdentity {
  readonly workload: Workload
  readonly network: string
  readonly hostInterface: string
  readonly mac: string
  /** Host prefixes. */
  readonly addresses: readonly string[]
}

/**
 * A new endpoint: spec 04 §7.2, column "plain". Complete, as the model's `prepareCreate` would make it, whose schemas cost
 * a new process more than all the rest of ADD (PERF: bench/cni.bench.ts); `checkWorkload` and `nameEndpoint` stand for it.
 */
export function describeEndpoint(
  given: NewEndpoint,
  { clock, random }: Pick<CniDrivers, 'clock' | 'random'>,
): WorkloadEndpoint {
  const { node, containerId, ifname, workload, network, hostInterface, mac, addresses } = given
  return {
    apiVersion,
    kind: 'WorkloadEndpoint',
    metadata: {
      name: nameEndpoint(given),
      namespace: workload.namespace,
      uid: random.uuid(),
      creationTimestamp: new Date(clock.wallMs()).toISOString().replace(/\.\d+Z$/, 'Z'),
      labels: {
        ...workload.labels,
        [wellKnown.namespaceLabel]: workload.namespace,
        [wellKnown.orchestratorLabel]: orchestrator,
      },
    },
    spec: {
      orchestrator,
      node,
      containerID: containerId,
      endpoint: ifname,
      ipNetworks: addresses,
      profiles: [network],
      interfaceName: hostInterface,
      mac,
    },
  }
}

/** @throws CniError cni/bad-environment for a container id, interface or node name that no endpoint can be named by */
export function nameEndpoint({ node, containerId, ifname }: EndpointIdentity): string {
  const name = naming(() => workloadEndpointName({ node, orchestrator, containerID: containerId, endpoint: ifname }))
  if (name.length <= longestName && endpointNameRule.test(name)) return name
  throw new CniError(
    'cni/bad-environment',
    `no WorkloadEndpoint can be named ${JSON.stringify(name)}, for node, container and interface: use at most ` +
      `${longestName} lower case letters, digits, dots and dashes`,
  )
}

function namePrefix(node: string, containerID: string = ''): string {
  return naming(() => workloadEndpointNamePrefix({ node, orchestrator, containerID }))
}

function naming(make: () => string): string {
  try {
    return make()
  } catch (cause) {
    throw new CniError('cni/bad-environment', `no WorkloadEndpoint can be named so: ${textOf(cause)}`, { cause })
  }
}

/**
 * Every endpoint of one container on this node, in `namespace`; without it in all of them, for which the store reads all
 * endpoints.
 */
export async function findEndpoints(
  store: Datastore,
  { node, containerId, namespace }: Pick<EndpointIdentity, 'node' | 'containerId'> & { readonly namespace?: string },
  call: Call,
): Promise<readonly WorkloadEndpoint[]> {
  const where = { namePrefix: namePrefix(node, containerId), ...(namespace !== undefined && { namespace }) }
  const found = await store.list({ kind: 'WorkloadEndpoint', ...where }, call)
  return found.items.filter(({ spec }) => spec.node === node && spec.containerID === containerId)
}

/** Every plain-mode endpoint of this node. */
export async function listNodeEndpoints(
  store: Datastore,
  node: string,
  call: Call,
): Promise<readonly WorkloadEndpoint[]> {
  const found = await store.list({ kind: 'WorkloadEndpoint', namePrefix: namePrefix(node) }, call)
  return found.items.filter(({ spec }) => spec.node === node && spec.orchestrator === orchestrator)
}

/** One that is gone is fine. */
export async function deleteEndpoint(store: Datastore, { metadata }: WorkloadEndpoint, call: Call): Promise<void> {
  const { name, namespace } = metadata
  try {
    await store.delete({ kind: 'WorkloadEndpoint', name, ...(namespace && { namespace }) }, {}, call)
  } catch (error) {
    if (!isDatastoreError(error, 'DoesNotExist')) throw error
  }
}

/** Rewrites the list of profiles against concurrent writers; returns the endpoint as stored. */
export async function changeProfiles(
  store: Datastore,
  endpoint: WorkloadEndpoint,
  change: (profiles: readonly string[]) => readonly string[],
  call: Call,
): Promise<WorkloadEndpoint> {
  const { name, namespace } = endpoint.metadata
  let current = endpoint
  for (let attempt = 1; ; attempt++) {
    const before = current.spec.profiles ?? []
    const profiles = change(before)
    if (profiles.length === before.length && profiles.every((profile, i) => profile === before[i])) return current
    try {
      return await store.update<'WorkloadEndpoint'>({ ...current, spec: { ...current.spec, profiles } }, call)
    } catch (error) {
      if (!isDatastoreError(error, 'Conflict')) throw error
      if (attempt === writeTries)
        throw new CniError('cni/try-again', `WorkloadEndpoint ${namespace}/${name} keeps changing`, { cause: error })
      current = await store.get({ kind: 'WorkloadEndpoint', name, ...(namespace && { namespace }) }, call)
    }
  }
}
