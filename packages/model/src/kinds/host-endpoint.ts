import { referenceComplaint } from '../metadata/names.ts'
import { findings, int, list, object, sparse, text } from '../schema/fields.ts'
import { addressComplaint, interfaceComplaint, portNameComplaint } from '../schema/formats.ts'
import type { Infer } from '../schema/infer.ts'
import { once } from '../schema/once.ts'
import { protocol } from '../schema/values.ts'
import { hostEndpointFindings, hostPortFindings } from './host-endpoint-checks.ts'
import type { Resource } from './resource.ts'

const hostEndpointPort = once(() =>
  object({ name: text(portNameComplaint), protocol: protocol(), port: int(1, 65_535) }).check(
    findings(hostPortFindings),
  ),
)

/** `interfaceName` `*` means all interfaces of the node; without one, the interface that has one of the addresses. */
export const hostEndpointSpec = once(() =>
  object({
    node: text((value) => (value === '' ? 'node must be specified' : referenceComplaint(value)), 253),
    interfaceName: sparse(text(interfaceComplaint)),
    expectedIPs: sparse(list(text((value) => addressComplaint(value)))),
    profiles: sparse(list(text(referenceComplaint))),
    ports: sparse(list(hostEndpointPort())),
  }).check(findings(hostEndpointFindings)),
)

export interface HostEndpointPort extends Infer<typeof hostEndpointPort> {}
export interface HostEndpointSpec extends Infer<typeof hostEndpointSpec> {}
export interface HostEndpoint extends Resource<'HostEndpoint', HostEndpointSpec> {}
