import type { Datastore } from '@tortie/datastore'
import type { Clock, Log, Meter, Random } from '@tortie/runtime'

export interface IpamPorts {
  readonly datastore: Datastore
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly meter?: Meter
}

/** What every operation is given. */
export interface Context extends Omit<IpamPorts, 'meter'> {
  readonly count: {
    readonly conflicts: (what: string) => void
    readonly assigned: (family: 4 | 6, count: number) => void
    readonly released: (count: number) => void
    readonly claimed: () => void
  }
}
