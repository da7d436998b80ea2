import * as z from 'zod/mini'
import { int, list, object, optional, text } from '../schema/fields.ts'
import type { Infer } from '../schema/infer.ts'
import { once } from '../schema/once.ts'
import type { Resource } from './resource.ts'

const endpointPort = once(() =>
  object({
    name: optional(text()),
    protocol: z.union([z.int(), z.string()]),
    port: int(1, 65535),
    hostPort: optional(int(0, 65535)),
    hostIP: optional(text()),
  }),
)

const ipNat = once(() => object({ internalIP: text(), externalIP: text() }))

/** Bandwidths and bursts in bits (per second), minbursts in bytes, packet rates per second. */
const qosControls = once(() =>
  object({
    ingressBandwidth: optional(int()),
    egressBandwidth: optional(int()),
    ingressBurst: optional(int()),
    egressBurst: optional(int()),
    ingressPeakrate: optional(int()),
    egressPeakrate: optional(int()),
    ingressMinburst: optional(int()),
    egressMinburst: optional(int()),
    ingressPacketRate: optional(int()),
    egressPacketRate: optional(int()),
    ingressPacketBurst: optional(int()),
    egressPacketBurst: optional(int()),
    ingressMaxConnections: optional(int()),
    egressMaxConnections: optional(int()),
    dscp: optional(z.union([z.int(), z.string()])),
  }),
)

export const workloadEndpointSpec = once(() =>
  object({
    orchestrator: optional(text()),
    workload: optional(text()),
    node: optional(text()),
    containerID: optional(text()),
    pod: optional(text()),
    endpoint: optional(text()),
    serviceAccountName: optional(text()),
    ipNetworks: optional(list(text())),
    ipNATs: optional(list(ipNat())),
    ipv4Gateway: optional(text()),
    ipv6Gateway: optional(text()),
    profiles: optional(list(text())),
    interfaceName: optional(text()),
    mac: optional(text()),
    ports: optional(list(endpointPort())),
    allowSpoofedSourcePrefixes: optional(list(text())),
    qosControls: optional(qosControls()),
  }),
)

export interface EndpointPort extends Infer<typeof endpointPort> {}
export interface IPNAT extends Infer<typeof ipNat> {}
export interface QoSControls extends Infer<typeof qosControls> {}
export interface WorkloadEndpointSpec extends Infer<typeof workloadEndpointSpec> {}
export interface WorkloadEndpoint extends Resource<'WorkloadEndpoint', WorkloadEndpointSpec> {}
