import type { ResourceKey } from '@tortie/datastore'
import type { AnyResource } from '@tortie/model'

/**
 * Of Node, IPPool, BlockAffinity, BGPConfiguration, BGPPeer, BGPFilter, WorkloadEndpoint and Profile, other kinds are
 * ignored; and of what no store of ours holds.
 */
export type BgpChange =
  | { readonly type: 'put'; readonly item: AnyResource }
  | { readonly type: 'delete'; readonly key: ResourceKey }
  | { readonly type: 'service'; readonly name: ObjectName; readonly value: Service | undefined }
  | { readonly type: 'endpointSlice'; readonly name: ObjectName; readonly value: EndpointSlice | undefined }
  /** One key of a Secret, or of what stands for it where there is no Kubernetes; undefined when it is not there. */
  | { readonly type: 'secret'; readonly name: string; readonly key: string; readonly value: string | undefined }

export interface ObjectName {
  readonly namespace: string
  readonly name: string
}

/** What of a Service of Kubernetes matters here; the object itself fits. */
export interface Service {
  readonly spec: {
    readonly type?: string
    readonly clusterIP?: string
    readonly clusterIPs?: readonly string[]
    readonly externalIPs?: readonly string[]
    readonly externalTrafficPolicy?: string
    readonly loadBalancerIP?: string
    readonly ipFamilies?: readonly string[]
  }
  readonly status?: { readonly loadBalancer?: { readonly ingress?: readonly { readonly ip?: string }[] } }
}

/** What of an EndpointSlice matters here. The label `kubernetes.io/service-name` says whose it is. */
export interface EndpointSlice {
  readonly metadata: { readonly labels?: Readonly<Record<string, string>> }
  readonly addressType: string
  readonly endpoints?: readonly {
    readonly conditions?: { readonly ready?: boolean }
    readonly nodeName?: string
  }[]
}
