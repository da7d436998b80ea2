import type { Kind } from '../kinds/kind.ts'
import { builtInTiers } from '../kinds/tier.ts'

/** A condition in Kubernetes' expression language that an API server checks; `validate` checks the same. */
export interface CelRule {
  readonly rule: string
  readonly message: string
}

/** By place: empty is the whole object, then as in `spec.ingress[].source`. */
export type CelRules = Readonly<Record<string, readonly CelRule[]>>

/** A text or list that is there and not empty. */
const given = (field: string): string => `(has(self.${field}) && size(self.${field}) > 0)`
const lacking = (field: string): string => `!${given(field)}`
const isTrue = (field: string): string => `(has(self.${field}) && self.${field})`
/** A field whose value is one of those. */
const isAnyOf = (field: string, ...values: readonly (string | number)[]): string =>
  `(has(self.${field}) && (${values.map((value) => `self.${field} == ${literal(value)}`).join(' || ')}))`
const literal = (value: string | number): string => (typeof value === 'string' ? `'${value}'` : String(value))
const holds = (list: string, value: string): string => `(has(self.${list}) && self.${list}.exists(x, x == '${value}'))`

const noGlobal = (field: string): CelRule => ({
  rule: `!has(self.${field}) || !self.${field}.contains('global(')`,
  message: 'global() can only be used in an EntityRule namespaceSelector',
})

const exclusive = (one: string, other: string): CelRule => ({
  rule: `${lacking(one)} || ${lacking(other)}`,
  message: `${one} and ${other} cannot both be set`,
})

const icmp: readonly CelRule[] = [
  { rule: '!has(self.code) || has(self.type)', message: 'ICMP code specified without an ICMP type; add the type' },
]

const besidesServices = (what: string, ...fields: readonly string[]): CelRule => ({
  rule: `!has(self.services) || (${fields.map(lacking).join(' && ')})`,
  message: `cannot specify ${what} and Services on the same rule`,
})

const entity: readonly CelRule[] = [
  noGlobal('selector'),
  noGlobal('notSelector'),
  {
    rule: '!has(self.services) || (has(self.services.name) && size(self.services.name) > 0)',
    message: 'services must specify a service name',
  },
  {
    rule: '!has(self.services) || !has(self.serviceAccounts)',
    message: 'cannot specify ServiceAccounts and Services on the same rule',
  },
  besidesServices('NamespaceSelector', 'namespaceSelector'),
  besidesServices('Selector/NotSelector', 'selector', 'notSelector'),
  besidesServices('Nets/NotNets', 'nets', 'notNets'),
]

const versionOf = (field: string, name: string, number: number, version: 4 | 6): CelRule => ({
  rule: `!${isAnyOf(field, name, number)} || !has(self.ipVersion) || self.ipVersion == ${version}`,
  message: `must set ipVersion to ${version} with protocol ${name}`,
})

const rule: readonly CelRule[] = [
  ...['protocol', 'notProtocol'].flatMap((field) => [
    versionOf(field, 'ICMP', 1, 4),
    versionOf(field, 'ICMPv6', 58, 6),
  ]),
  {
    rule: `!has(self.icmp) || ${isAnyOf('protocol', 'ICMP', 'ICMPv6', 1, 58)}`,
    message: 'rules that specify ICMP fields must set protocol to ICMP or ICMPv6',
  },
  { rule: `!has(self.http) || self.action == 'Allow'`, message: 'http is only valid for Allow rules' },
  {
    rule: `!has(self.http) || !has(self.protocol) || ${isAnyOf('protocol', 'TCP', 6)}`,
    message: 'rules that specify HTTP fields must set protocol to TCP or empty',
  },
  {
    rule:
      '!has(self.destination) || !has(self.destination.services) || ' +
      '((!has(self.destination.ports) || size(self.destination.ports) == 0) && ' +
      '(!has(self.destination.notPorts) || size(self.destination.notPorts) == 0))',
    message: 'ports and notPorts cannot be specified with services',
  },
]

const policy: CelRules = {
  spec: [noGlobal('selector'), noGlobal('serviceAccountSelector')],
  ...Object.fromEntries(
    ['spec.ingress[]', 'spec.egress[]'].flatMap((place) => [
      [place, rule],
      ...['icmp', 'notICMP'].map((field) => [`${place}.${field}`, icmp]),
      ...['source', 'destination'].map((side) => [`${place}.${side}`, entity]),
    ]),
  ),
}

const globalPolicy: CelRules = {
  ...policy,
  spec: [
    ...(policy.spec ?? []),
    noGlobal('namespaceSelector'),
    {
      rule: `!${isTrue('preDNAT')} || !${isTrue('doNotTrack')}`,
      message: 'PreDNAT and DoNotTrack cannot both be true, for a given PolicySpec',
    },
    {
      rule: `!${isTrue('preDNAT')} || ${lacking('egress')}`,
      message: 'PreDNAT PolicySpec cannot have any Egress rules',
    },
    {
      rule: `!${isTrue('preDNAT')} || !${holds('types', 'Egress')}`,
      message: "PreDNAT PolicySpec cannot have 'Egress' Type",
    },
    {
      rule: `(!${isTrue('preDNAT')} && !${isTrue('doNotTrack')}) || ${isTrue('applyOnForward')}`,
      message: 'ApplyOnForward must be true if either PreDNAT or DoNotTrack is true, for a given PolicySpec',
    },
  ],
}

const mesh = (field: string): CelRule => ({
  rule: `!has(self.${field}) || !has(self.nodeToNodeMeshEnabled) || self.nodeToNodeMeshEnabled`,
  message: `${field} cannot be set when nodeToNodeMeshEnabled is false`,
})

const filterRule: readonly CelRule[] = [
  {
    rule: `${given('cidr')} == ${given('matchOperator')}`,
    message: 'cidr and matchOperator must both be set or both be empty',
  },
  { rule: `!has(self.prefixLength) || ${given('cidr')}`, message: 'cidr is required when prefixLength is set' },
  {
    rule: `${lacking('operations')} || self.action == 'Accept'`,
    message: 'operations may only be used with action Accept',
  },
]

const hasNumber = `(has(self.asNumber) && self.asNumber != 0)`

const peer: readonly CelRule[] = [
  exclusive('node', 'nodeSelector'),
  exclusive('peerIP', 'peerSelector'),
  { rule: `${lacking('peerSelector')} || !${hasNumber}`, message: 'asNumber must be empty when peerSelector is set' },
  ...['peerIP', 'peerSelector'].map((field) => ({
    rule: `${lacking('localWorkloadSelector')} || ${lacking(field)}`,
    message: `${field} must be empty when localWorkloadSelector is set`,
  })),
  {
    rule: `${lacking('localWorkloadSelector')} || ${hasNumber}`,
    message: 'asNumber is required when localWorkloadSelector is set',
  },
  {
    rule: `${lacking('reachableBy')} || ${given('peerIP')}`,
    message: 'reachableBy must be empty when peerIP is empty',
  },
  {
    rule: `!${isTrue('keepOriginalNextHop')} || !has(self.nextHopMode)`,
    message:
      'keepOriginalNextHop and nextHopMode cannot both be set; keepOriginalNextHop is deprecated, use nextHopMode instead',
  },
]

const addressOf = (field: string, family: 4 | 6): CelRule => ({
  rule: `${lacking(field)} || (isIP(self.${field}) && ip(self.${field}).family() == ${family})`,
  message: `${field} must be an IPv${family} address`,
})

const ordered: readonly CelRule[] = [
  { rule: 'self.min <= self.max', message: 'min value cannot be greater than max value' },
]

const isOff = (field: string): string => `(${lacking(field)} || self.${field} == 'Never')`
const forLoadBalancers = holds('allowedUses', 'LoadBalancer')
const isIPv4 = 'cidr(self.cidr).ip().family() == 4'

const pool: readonly CelRule[] = [
  { rule: 'cidr(self.cidr) == cidr(self.cidr).masked()', message: 'IP pool CIDR is not strictly masked' },
  ...Object.entries({ '169.254.0.0': '169.254.0.0/16', 'fe80::': 'fe80::/10' }).map(([first, range]) => ({
    rule: `!cidr('${range}').containsIP(cidr(self.cidr).ip()) && !cidr(self.cidr).containsIP('${first}')`,
    message: `IP pool range overlaps with the link local range ${range}`,
  })),
  {
    rule: `${isIPv4} || ${isOff('ipipMode')}`,
    message: "IPIPMode other than 'Never' is not supported on an IPv6 IP pool",
  },
  {
    rule: `${isOff('ipipMode')} || ${isOff('vxlanMode')}`,
    message: 'IPIPMode and VXLANMode cannot both be enabled; set one to Never',
  },
  {
    rule:
      `!has(self.blockSize) || self.blockSize == 0 || ` +
      `(${isIPv4} ? self.blockSize >= 20 && self.blockSize <= 32 : self.blockSize >= 116 && self.blockSize <= 128)`,
    message: 'block size must be from 20 to 32 for IPv4, from 116 to 128 for IPv6',
  },
  {
    rule:
      `${isTrue('disabled')} || cidr(self.cidr).prefixLength() <= ` +
      `(has(self.blockSize) && self.blockSize != 0 ? self.blockSize : (${isIPv4} ? 26 : 122))`,
    message: 'IP pool size is too small for use with Calico IPAM. It must be equal to or greater than the block size',
  },
  noGlobal('nodeSelector'),
  noGlobal('namespaceSelector'),
  {
    rule: `${lacking('namespaceSelector')} || !${holds('allowedUses', 'Tunnel')}`,
    message: 'a pool with a namespaceSelector cannot be used for Tunnel; set allowedUses to [Workload]',
  },
  {
    rule: `!${forLoadBalancers} || self.allowedUses.exists(x, x != 'LoadBalancer') == false`,
    message: 'LoadBalancer cannot be used at the same time as other uses',
  },
  {
    rule: `!${forLoadBalancers} || (${isOff('ipipMode')} && ${isOff('vxlanMode')})`,
    message: 'Neither IPIPMode nor VXLANMode can be enabled on AllowedUses LoadBalancer IP pool',
  },
  {
    rule: `!${forLoadBalancers} || !${isTrue('disableBGPExport')}`,
    message: 'IP Pool with AllowedUse LoadBalancer must have DisableBGPExport set to false',
  },
  {
    rule: `!${forLoadBalancers} || (has(self.nodeSelector) && self.nodeSelector == 'all()')`,
    message: 'IP Pool with AllowedUse LoadBalancer must have node selector set to all()',
  },
]

/** CEL reads a number with a point as the floating point number that an order is. */
const tiers: readonly CelRule[] = Object.entries(builtInTiers).flatMap(([name, { order, defaultAction }]) => [
  {
    rule: `self.metadata.name != '${name}' || (has(self.spec.order) && self.spec.order == ${order}.0)`,
    message: `${name} tier order must be ${order}`,
  },
  {
    rule: `self.metadata.name != '${name}' || (has(self.spec.defaultAction) && self.spec.defaultAction == '${defaultAction}')`,
    message: `${name} tier default action must be ${defaultAction}`,
  },
])

/** What the schema of a CRD cannot say of single fields (spec 01 §1.5–1.15): kinds that are not here have nothing such. */
export const celRules: { readonly [K in Kind]?: CelRules } = {
  BGPConfiguration: {
    spec: [
      mesh('nodeMeshPassword'),
      mesh('nodeMeshMaxRestartTime'),
      {
        rule: `${lacking('communities')} || ${given('prefixAdvertisements')}`,
        message: 'communities are defined but not used in prefixAdvertisements',
      },
    ],
  },
  BGPFilter: Object.fromEntries(
    ['exportV4', 'importV4', 'exportV6', 'importV6'].map((list) => [`spec.${list}[]`, filterRule]),
  ),
  BGPPeer: { spec: peer },
  FelixConfiguration: {
    '': [
      {
        rule: `!has(self.spec.nodeSelector) || !(self.metadata.name == 'default' || self.metadata.name.startsWith('node.'))`,
        message: "nodeSelector cannot be set on the configurations 'default' and 'node.<name>'",
      },
    ],
    spec: [
      {
        rule: '!has(self.routeTableRange) || !has(self.routeTableRanges)',
        message: 'routeTableRange cannot be set when routeTableRanges is also set; leave it out',
      },
      addressOf('natOutgoingAddress', 4),
      addressOf('deviceRouteSourceAddress', 4),
      addressOf('deviceRouteSourceAddressIPv6', 6),
    ],
    'spec.routeTableRange': ordered,
    'spec.routeTableRanges[]': ordered,
  },
  GlobalNetworkPolicy: globalPolicy,
  HostEndpoint: {
    spec: [
      { rule: given('node'), message: 'node must be specified' },
      {
        rule: `${given('interfaceName')} || ${given('expectedIPs')}`,
        message: 'at least one of interfaceName or expectedIPs must be specified',
      },
    ],
  },
  IPPool: {
    spec: pool,
    'spec.cidr': [{ rule: 'cidr(self) == cidr(oldSelf)', message: 'IPPool CIDR cannot be modified' }],
    'spec.blockSize': [{ rule: 'self == oldSelf', message: 'IPPool BlockSize cannot be modified' }],
  },
  NetworkPolicy: policy,
  StagedGlobalNetworkPolicy: globalPolicy,
  StagedNetworkPolicy: policy,
  Tier: { '': tiers },
}
