/** The Calico release whose behaviour and data are followed: what ClusterInformation says of a cluster of ours. */
export const calicoVersion = 'v3.32.0'
