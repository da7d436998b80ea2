import type { JsonObject } from '../json/json.ts'
import type { Kind } from '../kinds/kind.ts'

/** More of a field's schema, by place as in `spec.ingress[].source`. */
type Extras = Readonly<Record<string, JsonObject>>

/** No value twice: an API server refuses it, and merges such lists value by value. */
const sets = (...places: readonly string[]): Extras =>
  Object.fromEntries(places.map((place) => [place, { 'x-kubernetes-list-type': 'set' }]))

const conditions: Extras = {
  'status.conditions': { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['type'] },
}

const policy = sets(
  'spec.types',
  'spec.performanceHints',
  ...['ingress', 'egress'].flatMap((rules) =>
    ['source', 'destination'].flatMap((side) =>
      ['nets', 'notNets', 'serviceAccounts.names'].map((list) => `spec.${rules}[].${side}.${list}`),
    ),
  ),
)

/** What Calico's CRDs say of lists, and what no single field can say of itself. */
export const schemaExtras: { readonly [K in Kind]?: Extras } = {
  BGPConfiguration: sets('spec.ignoredInterfaces'),
  BGPFilter: Object.fromEntries(
    ['exportV4', 'importV4', 'exportV6', 'importV6'].map((list) => [
      `spec.${list}[].operations[]`,
      { minProperties: 1, maxProperties: 1 },
    ]),
  ),
  CalicoNodeStatus: sets('spec.classes'),
  GlobalNetworkPolicy: policy,
  GlobalNetworkSet: sets('spec.nets'),
  HostEndpoint: sets('spec.expectedIPs', 'spec.profiles'),
  IPPool: { ...sets('spec.allowedUses'), ...conditions },
  IPReservation: sets('spec.reservedCIDRs'),
  KubeControllersConfiguration: sets('spec.controllers.node.hostEndpoint.templates[].interfaceCIDRs'),
  NetworkPolicy: policy,
  NetworkSet: sets('spec.nets'),
  StagedGlobalNetworkPolicy: policy,
  StagedNetworkPolicy: policy,
  Tier: conditions,
}
