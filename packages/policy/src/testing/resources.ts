import {
  apiVersion,
  type GlobalNetworkPolicy,
  type GlobalNetworkSet,
  type NetworkPolicy,
  type NetworkSet,
  type Profile,
  type Tier,
  type WorkloadEndpoint,
} from '@tortie/model'

/** Short forms for tests: `pod('prod/web', '10.0.0.1', { app: 'web' })`. Names are `<namespace>/<name>`. */

function names(id: string): { readonly name: string; readonly namespace?: string } {
  const [first = '', second] = id.split('/')
  return second === undefined ? { name: first } : { namespace: first, name: second }
}

/** On node `n1` unless `spec` says otherwise; its interface is `cali-<name>`, its profile that of its namespace. */
export function pod(
  id: string,
  address: string,
  labels: Record<string, string> = {},
  spec: WorkloadEndpoint['spec'] = {},
): WorkloadEndpoint {
  const { name, namespace = '' } = names(id)
  return {
    apiVersion,
    kind: 'WorkloadEndpoint',
    metadata: { name, namespace, labels },
    spec: {
      node: 'n1',
      interfaceName: `cali-${name}`,
      ipNetworks: [`${address}/${address.includes(':') ? 128 : 32}`],
      profiles: [`kns.${namespace}`],
      ...spec,
    },
  }
}

export function np(id: string, spec: NetworkPolicy['spec']): NetworkPolicy {
  return { apiVersion, kind: 'NetworkPolicy', metadata: names(id), spec }
}

export function gnp(name: string, spec: GlobalNetworkPolicy['spec']): GlobalNetworkPolicy {
  return { apiVersion, kind: 'GlobalNetworkPolicy', metadata: { name }, spec }
}

export function tier(name: string, spec: Tier['spec']): Tier {
  return { apiVersion, kind: 'Tier', metadata: { name }, spec }
}

export function profile(name: string, spec: Profile['spec'] = {}): Profile {
  return { apiVersion, kind: 'Profile', metadata: { name }, spec }
}

/** Allows everything both ways, as the profile of a namespace does. */
export function openProfile(name: string, labelsToApply: Record<string, string> = {}): Profile {
  return profile(name, { ingress: [{ action: 'Allow' }], egress: [{ action: 'Allow' }], labelsToApply })
}

/** Global where the id has no namespace. */
export function networkSet(
  id: string,
  nets: readonly string[],
  labels: Record<string, string> = {},
): NetworkSet | GlobalNetworkSet {
  const metadata = { ...names(id), labels }
  return metadata.namespace === undefined
    ? { apiVersion, kind: 'GlobalNetworkSet', metadata, spec: { nets } }
    : { apiVersion, kind: 'NetworkSet', metadata, spec: { nets } }
}
