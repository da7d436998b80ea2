import type { Datastore } from '@tortie/datastore'
import type { Session } from '../session.ts'
import type { AddressSource } from './address-source.ts'

export function calicoSource(_session: Session, _store: Datastore, _node: string): AddressSource {
  throw new Error('to come')
}
