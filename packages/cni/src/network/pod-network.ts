import type { Call } from '@tortie/runtime'

/** What one container's interface shall be. */
export interface PodLink {
  /** Path of the container's network namespace. */
  readonly netns: string
  /** Name inside the container. */
  readonly ifname: string
  /** Name of the host's side. */
  readonly hostInterface: string
  /** Bytes; 0 leaves it to the kernel. */
  readonly mtu: number
  /** Transmit and receive queues, each. */
  readonly queues: number
  /** Host prefixes, canonical. */
  readonly addresses: readonly string[]
  /** Destinations that the container sends to its gateway, canonical CIDRs. */
  readonly routes: readonly string[]
  readonly allowIpForwarding: boolean
}

/** Names enough to find and remove what `connect` made. */
export interface PodLinkNames {
  /** Empty, or a namespace that is gone: only the host's side is looked for. */
  readonly netns: string
  /** Absent: what the container has by this name may be somebody else's. */
  readonly ifname?: string
  /** Absent: the host's side belongs to another interface of the container. */
  readonly hostInterface?: string
}

/** The kernel's part of ADD, DEL and CHECK: spec 04 §9. */
export interface PodNetwork extends Disposable {
  /** Whether the path is the namespace that this process runs in. False for a path that cannot be opened. */
  isOwnNetns(path: string): boolean
  /** Whether the container has an interface of this name. */
  has(where: { readonly netns: string; readonly ifname: string }, call: Call): Promise<boolean>
  /** Builds the link, or throws and leaves nothing of it behind. Returns the container's MAC. */
  connect(link: PodLink, call: Call): Promise<{ readonly mac: string }>
  /** Idempotent; a namespace or interface that is gone is fine. */
  disconnect(link: PodLinkNames, call: Call): Promise<void>
  /** Removes host interfaces by name; those that are gone are fine. */
  removeHostInterfaces(names: readonly string[], call: Call): Promise<void>
  /** What differs from `link`, in words; empty when all is as it should be. */
  verify(link: PodLink & { readonly mac?: string }, call: Call): Promise<readonly string[]>
}
