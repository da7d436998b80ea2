import { canonicalPrefix, parseCidr, width } from '@tortie/ip'
import { canonicalMac, parseProtocol, type WorkloadEndpoint, wellKnown } from '@tortie/model'
import type { NamedPort } from '../sets/holder.ts'
import { attempt } from './rule-problem.ts'

/** What policy needs to know of a WorkloadEndpoint, in canonical form. */
export interface EndpointView {
  readonly interface: string
  readonly mac?: string
  /** Host prefixes. */
  readonly addresses: readonly string[]
  readonly spoofablePrefixes: readonly string[]
  readonly profiles: readonly string[]
  readonly ports: readonly NamedPort[]
  readonly labels: Readonly<Record<string, string>>
}

export interface EndpointOptions {
  /** Accept `allowSpoofedSourcePrefixes` (WorkloadSourceSpoofing=Any). */
  readonly sourceSpoofing: boolean
}

const { namespaceLabelPrefix, serviceAccountLabelPrefix } = wellKnown

/**
 * The endpoint, or why it has no part in policy: then it is as if it did not exist, which for a local one means that all
 * its traffic is dropped (spec 01 §4.5, 02 §2.9, §3.2).
 */
export function viewEndpoint(
  endpoint: WorkloadEndpoint,
  { sourceSpoofing }: EndpointOptions,
): { readonly view: EndpointView } | { readonly problem: string } {
  const { spec } = endpoint
  const spoofed = spec.allowSpoofedSourcePrefixes ?? []
  if (!spec.interfaceName) return { problem: 'spec.interfaceName: missing' }
  if ((spec.ipNetworks ?? []).length === 0) return { problem: 'spec.ipNetworks: no address' }
  if (spoofed.length > 0 && !sourceSpoofing)
    return { problem: 'spec.allowSpoofedSourcePrefixes: needs WorkloadSourceSpoofing=Any in the configuration' }
  const { interfaceName } = spec
  let view: EndpointView | undefined
  const problem = attempt('spec', () => {
    view = {
      interface: interfaceName,
      ...(spec.mac && { mac: canonicalMac(spec.mac) }),
      addresses: unique((spec.ipNetworks ?? []).map(hostPrefixText)),
      spoofablePrefixes: unique(spoofed.map(canonicalPrefix)),
      profiles: unique(spec.profiles ?? []),
      ports: namedPorts(spec.ports),
      labels: endpointLabels(endpoint),
    }
  })
  return view ? { view } : { problem: problem ?? 'spec: unreadable' }
}

function hostPrefixText(text: string): string {
  const { address, length } = parseCidr(text)
  if (length !== width(address.family)) throw new RangeError(`${text} in ipNetworks is no /${width(address.family)}`)
  return canonicalPrefix(text)
}

/** Ports without a name are for port mapping and not for policy. */
function namedPorts(ports: WorkloadEndpoint['spec']['ports']): readonly NamedPort[] {
  return (ports ?? [])
    .filter(({ name }) => name)
    .map(({ name = '', protocol, port }) => ({ name, protocol: parseProtocol(protocol), port }))
}

/**
 * Its own labels (spec 02 §1.6). Nobody can give himself labels of a namespace or service account; what the client
 * writes on every endpoint, namespace and orchestrator, is true here even of objects that were written by other means.
 */
function endpointLabels({ metadata, spec }: WorkloadEndpoint): Record<string, string> {
  const labels: Record<string, string> = {}
  for (const [key, value] of Object.entries(metadata.labels ?? {}))
    if (!key.startsWith(namespaceLabelPrefix) && !key.startsWith(serviceAccountLabelPrefix)) labels[key] = value
  if (metadata.namespace) labels[wellKnown.namespaceLabel] = metadata.namespace
  if (spec.orchestrator) labels[wellKnown.orchestratorLabel] = spec.orchestrator
  if (spec.serviceAccountName) labels[wellKnown.serviceAccountLabel] = spec.serviceAccountName
  return labels
}

function unique(values: readonly string[]): readonly string[] {
  return values.length < 2 ? values : [...new Set(values)]
}
