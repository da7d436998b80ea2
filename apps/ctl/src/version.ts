/** The Calico release whose behaviour and data this release follows; written into ClusterInformation by the agent. */
export const calicoVersion = 'v3.32.0'
