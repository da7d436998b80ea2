import * as z from 'zod/mini'
import { boolean, type Finding, findings, int, list, object, optional, record, sparse, text } from '../schema/fields.ts'
import type { Infer } from '../schema/infer.ts'
import { once } from '../schema/once.ts'
import { timestamp } from '../schema/values.ts'
import { labelKeyComplaint, labelValueComplaint } from './names.ts'

type Pairs = Readonly<Record<string, string>>

/** Of all annotations together, keys and values. */
const maxAnnotationBytes = 256 * 1024

/** Label keys and values, also of Profile's labelsToApply (spec 01 §1.4). */
export function labelsCheck(): z.core.$ZodCheck<Record<string, string>> {
  return findings(labelFindings)
}

function* labelFindings(labels: Pairs): Generator<Finding> {
  for (const [key, value] of Object.entries(labels)) {
    const reason = labelKeyComplaint(key) ?? labelValueComplaint(value)
    if (reason !== undefined) yield { at: [key], reason }
  }
}

/** Keys and total size of annotations, also of those of rules. */
export function annotationsCheck(): z.core.$ZodCheck<Record<string, string>> {
  return findings(annotationFindings)
}

function* annotationFindings(annotations: Pairs): Generator<Finding> {
  let size = 0
  const encoder = new TextEncoder()
  for (const [key, value] of Object.entries(annotations)) {
    const reason = labelKeyComplaint(key.toLowerCase())
    if (reason !== undefined) yield { at: [key], reason }
    size += encoder.encode(key).length + encoder.encode(value).length
  }
  if (size > maxAnnotationBytes)
    yield { at: [], reason: `total size of annotations is too large by ${size - maxAnnotationBytes} bytes` }
}

const ownerReference = once(() =>
  object({
    apiVersion: text(),
    kind: text(),
    name: text(),
    uid: text(),
    controller: optional(boolean()),
    blockOwnerDeletion: optional(boolean()),
  }),
)

/** The shape of `metadata`; which names a kind may have is its own rule. */
export const metadata = once(() =>
  object({
    name: text(),
    namespace: sparse(text()),
    uid: sparse(text()),
    resourceVersion: sparse(text()),
    creationTimestamp: optional(z.nullable(timestamp())),
    deletionTimestamp: optional(z.nullable(timestamp())),
    deletionGracePeriodSeconds: optional(int()),
    generateName: sparse(text()),
    generation: sparse(int()),
    labels: sparse(record(text()).check(labelsCheck())),
    annotations: sparse(record(text()).check(annotationsCheck())),
    ownerReferences: sparse(list(ownerReference())),
    finalizers: sparse(list(text())),
  }),
)

/**
 * Kubernetes ObjectMeta, as far as Calico uses it; other fields that were read are kept.
 * `resourceVersion` is opaque: the store's revision, decimal in etcd and the embedded store; it is never stored.
 * `creationTimestamp` is RFC 3339, whole seconds, UTC; null when unset, as Go writes it.
 */
export interface Metadata extends Infer<typeof metadata> {}
