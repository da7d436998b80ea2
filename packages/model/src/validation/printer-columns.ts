import type { Kind } from '../kinds/kind.ts'

/** What `kubectl get` shows beside the name. */
export interface PrinterColumn {
  readonly name: string
  readonly type: 'string' | 'number' | 'integer' | 'boolean' | 'date'
  readonly jsonPath: string
}

const column = (name: string, path: string, type: PrinterColumn['type'] = 'string'): PrinterColumn => ({
  name,
  type,
  jsonPath: `.${path}`,
})

const age = column('Age', 'metadata.creationTimestamp', 'date')
const tiered = [column('Tier', 'spec.tier'), column('Order', 'spec.order', 'number')]

/** The columns of Calico's CRDs; kinds that are not here have none but name and age. */
export const printerColumns: { readonly [K in Kind]?: readonly PrinterColumn[] } = {
  BGPPeer: [
    column('Node Selector', 'spec.nodeSelector'),
    column('Node', 'spec.node'),
    column('Local ASN', 'spec.localASNumber'),
    column('Peer Selector', 'spec.peerSelector'),
    column('Peer IP', 'spec.peerIP'),
    column('Peer ASN', 'spec.asNumber'),
  ],
  BlockAffinity: [column('CIDR', 'spec.cidr'), column('Node', 'spec.node'), column('Type', 'spec.type')],
  CalicoNodeStatus: [column('Node', 'spec.node'), column('Classes', 'spec.classes')],
  ClusterInformation: [
    column('Version', 'spec.calicoVersion'),
    column('Ready', 'spec.datastoreReady', 'boolean'),
    column('Types', 'spec.clusterType'),
  ],
  GlobalNetworkPolicy: [...tiered, age],
  GlobalNetworkSet: [age],
  HostEndpoint: [column('Node', 'spec.node'), column('Interface', 'spec.interfaceName')],
  IPAMBlock: [
    column('CIDR', 'spec.cidr'),
    column('Affinity', 'spec.affinity'),
    column('ClaimTime', 'spec.affinityClaimTime', 'date'),
  ],
  IPAMConfiguration: [
    column('StrictAffinity', 'spec.strictAffinity', 'boolean'),
    column('MaxBlocksPerHost', 'spec.maxBlocksPerHost', 'integer'),
    column('AutoAllocateBlocks', 'spec.autoAllocateBlocks', 'boolean'),
  ],
  IPAMHandle: [column('ID', 'spec.handleID')],
  IPPool: [
    column('CIDR', 'spec.cidr'),
    column('VXLAN', 'spec.vxlanMode'),
    column('IPIP', 'spec.ipipMode'),
    column('NAT', 'spec.natOutgoing', 'boolean'),
    column('Allocatable', "status.conditions[?(@.type=='Allocatable')].status"),
    age,
  ],
  NetworkPolicy: tiered,
  StagedGlobalNetworkPolicy: tiered,
  StagedNetworkPolicy: tiered,
  Tier: [
    column('Order', 'spec.order', 'integer'),
    column('DefaultAction', 'spec.defaultAction'),
    column('Status', "status.conditions[?(@.type=='Ready')].reason"),
  ],
}
