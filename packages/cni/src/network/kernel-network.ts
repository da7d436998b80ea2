import type { PodNetwork } from './pod-network.ts'

/** To come. */
export function openPodNetwork(): PodNetwork {
  throw new Error('not built yet')
}
