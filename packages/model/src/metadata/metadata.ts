/** Kubernetes ObjectMeta, as far as Calico uses it; other fields that were read are kept. */
export interface Metadata {
  readonly name: string
  readonly namespace?: string
  readonly uid?: string
  /** Opaque: the store's revision, decimal in etcd and the embedded store. Never stored. */
  readonly resourceVersion?: string
  /** RFC 3339, seconds, UTC; null when unset, as Go writes it. */
  readonly creationTimestamp?: string | null
  readonly generateName?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly finalizers?: readonly string[]
  readonly deletionTimestamp?: string | null
}
