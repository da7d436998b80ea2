import type { PolicyDataplane, RoutingDataplane } from '@tortie/dataplane'
import type { Datastore } from '@tortie/datastore'
import type { Call, Clock, Log, Meter, Random } from '@tortie/runtime'
import type { NodeConfig } from './config/parameters.ts'
import type { EndpointStatusFiles } from './endpoint-status.ts'

/** Everything that touches the world. The agent gives the real ones, a simulator its own. */
export interface NodePorts {
  readonly datastore: Datastore
  readonly openPolicyDataplane: (config: NodeConfig, call: Call) => Promise<PolicyDataplane>
  readonly openRoutingDataplane: (config: NodeConfig, call: Call) => Promise<RoutingDataplane>
  readonly endpointStatusFiles: (config: NodeConfig) => EndpointStatusFiles
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly meter: Meter
}
