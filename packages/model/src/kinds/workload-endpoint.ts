import { referenceComplaint } from '../metadata/names.ts'
import { defaulted, findings, int, list, object, optional, sparse, text } from '../schema/fields.ts'
import {
  addressComplaint,
  cidrComplaint,
  containerIdComplaint,
  interfaceComplaint,
  macComplaint,
} from '../schema/formats.ts'
import type { Infer } from '../schema/infer.ts'
import { once } from '../schema/once.ts'
import { dscp, protocol } from '../schema/values.ts'
import type { Resource } from './resource.ts'
import { endpointPortFindings, ipNatFindings, workloadEndpointFindings } from './workload-endpoint-checks.ts'

/** Name, hostPort and hostIP are always written. */
const endpointPort = once(() =>
  object({
    name: defaulted(text(), ''),
    protocol: protocol(),
    port: int(1, 65_535),
    hostPort: defaulted(int(0, 65_535), 0),
    hostIP: defaulted(text(), ''),
  }).check(findings(endpointPortFindings)),
)

const ipNat = once(() =>
  object({
    internalIP: text((value) => cidrComplaint(value)),
    externalIP: text((value) => cidrComplaint(value)),
  }).check(findings(ipNatFindings)),
)

/** Bandwidths and bursts in bits (per second), minbursts in bytes, packet rates per second. */
const qosControls = once(() =>
  object({
    ingressBandwidth: sparse(int(0)),
    egressBandwidth: sparse(int(0)),
    ingressBurst: sparse(int(0)),
    egressBurst: sparse(int(0)),
    ingressPeakrate: sparse(int(0)),
    egressPeakrate: sparse(int(0)),
    ingressMinburst: sparse(int(0)),
    egressMinburst: sparse(int(0)),
    ingressPacketRate: sparse(int(0)),
    egressPacketRate: sparse(int(0)),
    ingressPacketBurst: sparse(int(0)),
    egressPacketBurst: sparse(int(0)),
    ingressMaxConnections: sparse(int(0)),
    egressMaxConnections: sparse(int(0)),
    dscp: optional(dscp()),
  }),
)

const name = () => sparse(text(referenceComplaint))

export const workloadEndpointSpec = once(() =>
  object({
    orchestrator: name(),
    workload: name(),
    node: name(),
    containerID: sparse(text(containerIdComplaint)),
    pod: name(),
    endpoint: name(),
    serviceAccountName: name(),
    ipNetworks: sparse(list(text((value) => cidrComplaint(value)))),
    ipNATs: sparse(list(ipNat())),
    ipv4Gateway: sparse(text((value) => addressComplaint(value, 4))),
    ipv6Gateway: sparse(text((value) => addressComplaint(value, 6))),
    profiles: sparse(list(text(referenceComplaint))),
    interfaceName: sparse(text(interfaceComplaint)),
    mac: sparse(text(macComplaint)),
    ports: sparse(list(endpointPort())),
    allowSpoofedSourcePrefixes: sparse(list(text((value) => cidrComplaint(value)))),
    qosControls: optional(qosControls()),
  }).check(findings(workloadEndpointFindings)),
)

export interface EndpointPort extends Infer<typeof endpointPort> {}
export interface IPNAT extends Infer<typeof ipNat> {}
export interface QoSControls extends Infer<typeof qosControls> {}
export interface WorkloadEndpointSpec extends Infer<typeof workloadEndpointSpec> {}
export interface WorkloadEndpoint extends Resource<'WorkloadEndpoint', WorkloadEndpointSpec> {}
