import type { Call, Clock, Random } from '@tortie/runtime'
import type { Datastore } from '../contract.ts'

/** What the client asks of IP address management; `createIpam` of @tortie/ipam has it. */
export interface ClientIpam {
  /** Gives up every block within the pool. */
  releasePoolAffinities(cidr: string, call: Call): Promise<void>
  releaseIps(addresses: readonly { readonly address: string }[], call: Call): Promise<unknown>
  /** Gives up every block of a node that is gone. */
  removeHost(node: string, call: Call): Promise<void>
}

export interface ClientPorts {
  readonly clock: Clock
  readonly random: Random
  /** Without it pools and nodes cannot be deleted: their addresses would leak. */
  readonly ipam?: ClientIpam
}

export interface ClientContext extends ClientPorts {
  readonly datastore: Datastore
}
