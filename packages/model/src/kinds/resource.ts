import type { Metadata } from '../metadata/metadata.ts'

/** The shape of every object; specs and statuses come from the kinds' schemas. */
export interface Resource<K extends string = string, Spec = unknown, Status = unknown> {
  readonly apiVersion: 'projectcalico.org/v3'
  readonly kind: K
  readonly metadata: Metadata
  readonly spec: Spec
  readonly status?: Status
}

export const apiVersion = 'projectcalico.org/v3'
