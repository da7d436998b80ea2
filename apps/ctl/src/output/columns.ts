import {
  type AnyResource,
  isModelError,
  type Kind,
  kinds,
  type LabelSelector,
  parseAsNumber,
  type ResourceOf,
} from '@tortie/model'
import { CtlError } from '../errors.ts'
import { formatGoFloat } from './go-number.ts'

/** What cells need beside their object. */
export interface CellContext {
  /** BGPConfiguration `default` asNumber, else 64512; `unknown` when it could not be read. */
  readonly defaultAsNumber: string
}

type Cell<K extends Kind> = (resource: ResourceOf<K>, context: CellContext) => string | undefined

interface Columns<K extends Kind> {
  readonly cells: Readonly<Record<string, Cell<K>>>
  readonly ps: readonly string[]
  /** The same as `ps` where a kind has no more to show. */
  readonly wide?: readonly string[]
}

const comma = (values: readonly string[] | undefined): string => (values ?? []).join(',')
const count = (rules: readonly unknown[] | undefined): string => String(rules?.length ?? 0)
const cut = (values: readonly string[] | undefined): string => {
  const text = comma(values)
  return text.length > 80 ? `${text.slice(0, 77)}...` : text
}
/** Old values may be text such as `1.10`; what is no AS number is shown as it is. */
const asPlain = (value: number | string | undefined): string | undefined => {
  if (value === undefined) return undefined
  try {
    return String(parseAsNumber(value))
  } catch (error) {
    if (isModelError(error, 'model/bad-value')) return String(value)
    throw error
  }
}
const order = (value: number | null | undefined): string => (value == null ? '<nil>' : formatGoFloat(value))
const pairs = (labels: Readonly<Record<string, string>> | undefined): string =>
  Object.entries(labels ?? {})
    .map(([key, value]) => `${key}=${value}`)
    .sort()
    .join(',')

/** As Go prints the struct of that name. */
const podSelector = ({ matchLabels = {}, matchExpressions = [] }: LabelSelector = {}): string => {
  const labels = Object.keys(matchLabels)
    .sort()
    .map((key) => `${key}: ${matchLabels[key]},`)
  const expressions = matchExpressions.map(
    ({ key, operator, values = [] }) =>
      `LabelSelectorRequirement{Key:${key},Operator:${operator},Values:[${values.join(' ')}],},`,
  )
  const map = `map[string]string{${labels.join('')}}`
  return `&LabelSelector{MatchLabels:${map},MatchExpressions:[]LabelSelectorRequirement{${expressions.join('')}},}`
}

type Policy = ResourceOf<'NetworkPolicy' | 'GlobalNetworkPolicy' | 'StagedNetworkPolicy' | 'StagedGlobalNetworkPolicy'>

const policy = {
  cells: {
    TIER: ({ spec }: Policy) => spec.tier,
    ORDER: ({ spec }: Policy) => order(spec.order),
    SELECTOR: ({ spec }: Policy) => spec.selector,
  },
  ps: ['NAME', 'TIER'],
  wide: ['NAME', 'TIER', 'ORDER', 'SELECTOR'],
}
const nameOnly = { cells: {}, ps: ['NAME'] }
const networkSet = {
  cells: { NETS: ({ spec }: ResourceOf<'NetworkSet' | 'GlobalNetworkSet'>) => cut(spec.nets) },
  ps: ['NAME'],
  wide: ['NAME', 'NETS'],
}

/** By kind: the cells, and which of them are shown. Spec 06 §4. */
const columns: { readonly [K in Kind]?: Columns<K> } = {
  BGPConfiguration: {
    cells: {
      LOGSEVERITY: ({ spec }) => spec.logSeverityScreen,
      MESHENABLED: ({ spec }) => String(spec.nodeToNodeMeshEnabled ?? '-'),
      ASNUMBER: ({ spec }) => asPlain(spec.asNumber) ?? '-',
    },
    ps: ['NAME', 'LOGSEVERITY', 'MESHENABLED', 'ASNUMBER'],
  },
  BGPFilter: {
    cells: {
      NUMEXPORTV4: ({ spec }) => count(spec.exportV4),
      NUMIMPORTV4: ({ spec }) => count(spec.importV4),
      NUMEXPORTV6: ({ spec }) => count(spec.exportV6),
      NUMIMPORTV6: ({ spec }) => count(spec.importV6),
    },
    ps: ['NAME', 'NUMEXPORTV4', 'NUMIMPORTV4', 'NUMEXPORTV6', 'NUMIMPORTV6'],
  },
  BGPPeer: {
    cells: {
      PEERIP: ({ spec }) => spec.peerIP,
      NODE: ({ spec }) => spec.node || spec.nodeSelector || '(global)',
      ASN: ({ spec }) => asPlain(spec.asNumber) ?? '0',
    },
    ps: ['NAME', 'PEERIP', 'NODE', 'ASN'],
  },
  CalicoNodeStatus: {
    cells: { NODE: ({ spec }) => spec.node, CLASSES: ({ spec }) => comma(spec.classes) },
    ps: ['NAME', 'NODE'],
    wide: ['NAME', 'NODE', 'CLASSES'],
  },
  ClusterInformation: {
    cells: {
      CLUSTERGUID: ({ spec }) => spec.clusterGUID,
      CLUSTERTYPE: ({ spec }) => spec.clusterType,
      CALICOVERSION: ({ spec }) => spec.calicoVersion,
      DATASTOREREADY: ({ spec }) => String(spec.datastoreReady ?? '<nil>'),
    },
    ps: ['NAME', 'CLUSTERGUID', 'CLUSTERTYPE', 'CALICOVERSION', 'DATASTOREREADY'],
  },
  FelixConfiguration: nameOnly,
  GlobalNetworkPolicy: policy,
  NetworkPolicy: policy,
  GlobalNetworkSet: networkSet,
  NetworkSet: networkSet,
  HostEndpoint: {
    cells: {
      NODE: ({ spec }) => spec.node,
      INTERFACE: ({ spec }) => spec.interfaceName,
      IPS: ({ spec }) => comma(spec.expectedIPs),
      PROFILES: ({ spec }) => comma(spec.profiles),
    },
    ps: ['NAME', 'NODE'],
    wide: ['NAME', 'NODE', 'INTERFACE', 'IPS', 'PROFILES'],
  },
  IPAMConfiguration: {
    cells: {
      STRICTAFFINITY: ({ spec }) => String(spec.strictAffinity ?? false),
      AUTOALLOCATEBLOCKS: ({ spec }) => String(spec.autoAllocateBlocks ?? true),
      MAXBLOCKSPERHOST: ({ spec }) => String(spec.maxBlocksPerHost ?? 0),
    },
    ps: ['NAME', 'STRICTAFFINITY', 'AUTOALLOCATEBLOCKS'],
    wide: ['NAME', 'STRICTAFFINITY', 'AUTOALLOCATEBLOCKS', 'MAXBLOCKSPERHOST'],
  },
  IPPool: {
    cells: {
      CIDR: ({ spec }) => spec.cidr,
      NAT: ({ spec }) => String(spec.natOutgoing ?? false),
      IPIPMODE: ({ spec }) => spec.ipipMode || 'Never',
      VXLANMODE: ({ spec }) => spec.vxlanMode || 'Never',
      DISABLED: ({ spec }) => String(spec.disabled ?? false),
      DISABLEBGPEXPORT: ({ spec }) => String(spec.disableBGPExport ?? false),
      SELECTOR: ({ spec }) => spec.nodeSelector,
      ASSIGNMENTMODE: ({ spec }) => spec.assignmentMode ?? '<nil>',
    },
    ps: ['NAME', 'CIDR', 'SELECTOR'],
    wide: [
      'NAME',
      'CIDR',
      'NAT',
      'IPIPMODE',
      'VXLANMODE',
      'DISABLED',
      'DISABLEBGPEXPORT',
      'SELECTOR',
      'ASSIGNMENTMODE',
    ],
  },
  IPReservation: { cells: { CIDRS: ({ spec }) => cut(spec.reservedCIDRs) }, ps: ['NAME'], wide: ['NAME', 'CIDRS'] },
  KubeControllersConfiguration: nameOnly,
  Node: {
    cells: {
      ASN: ({ spec }, { defaultAsNumber }) => spec.bgp && (asPlain(spec.bgp.asNumber) ?? `(${defaultAsNumber})`),
      IPV4: ({ spec }) => spec.bgp?.ipv4Address,
      IPV6: ({ spec }) => spec.bgp?.ipv6Address,
    },
    ps: ['NAME'],
    wide: ['NAME', 'ASN', 'IPV4', 'IPV6'],
  },
  Profile: { cells: { LABELS: ({ spec }) => pairs(spec.labelsToApply) }, ps: ['NAME'], wide: ['NAME', 'LABELS'] },
  StagedGlobalNetworkPolicy: policy,
  StagedKubernetesNetworkPolicy: {
    cells: { PODSELECTOR: ({ spec }) => podSelector(spec.podSelector) },
    ps: ['NAME'],
    wide: ['NAME', 'PODSELECTOR'],
  },
  StagedNetworkPolicy: policy,
  Tier: { cells: { ORDER: ({ spec }) => order(spec.order) }, ps: ['NAME', 'ORDER'] },
  WorkloadEndpoint: {
    cells: {
      WORKLOAD: ({ spec }) => spec.workload || spec.pod || '',
      NODE: ({ spec }) => spec.node,
      NETWORKS: ({ spec }) => comma(spec.ipNetworks),
      INTERFACE: ({ spec }) => spec.interfaceName,
      PROFILES: ({ spec }) => comma(spec.profiles),
      NATS: ({ spec }) => comma((spec.ipNATs ?? []).map(({ internalIP, externalIP }) => `${internalIP}/${externalIP}`)),
      ORCHESTRATOR: ({ spec }) => spec.orchestrator,
    },
    ps: ['WORKLOAD', 'NODE', 'NETWORKS', 'INTERFACE'],
    wide: ['NAME', 'WORKLOAD', 'NODE', 'NETWORKS', 'INTERFACE', 'PROFILES', 'NATS'],
  },
}

/** Kinds that the command line knows. */
export function isShown(kind: Kind): boolean {
  return Object.hasOwn(columns, kind)
}

export function shownKinds(): string[] {
  return Object.keys(columns).sort()
}

/** Which columns: the usual ones, more of them, or these. */
export type Choice = 'ps' | 'wide' | readonly string[]

interface TableOptions {
  readonly choice: Choice
  readonly withNamespace: boolean
  readonly context: CellContext
}

/** Headings and one row for each object. @throws CtlError for a heading that the kind does not have */
export function tableOf(
  kind: Kind,
  resources: readonly AnyResource[],
  { choice, withNamespace, context }: TableOptions,
): { readonly header: string[]; readonly rows: string[][] } {
  const { cells: own, ps, wide = ps } = (columns[kind] ?? nameOnly) as Columns<Kind>
  const cells: Readonly<Record<string, Cell<Kind>>> = {
    NAME: ({ metadata }) => metadata.name,
    ...(kinds[kind].namespaced && { NAMESPACE: ({ metadata }: AnyResource) => metadata.namespace }),
    ...own,
  }
  const chosen = choice === 'ps' ? ps : choice === 'wide' ? wide : choice
  const unknown = chosen.find((heading) => !Object.hasOwn(cells, heading))
  if (unknown !== undefined)
    throw new CtlError(`unknown heading ${unknown}, valid values are: ${Object.keys(cells).join(', ')}`)
  const header = [...(withNamespace ? ['NAMESPACE'] : []), ...chosen]
  const row = (resource: AnyResource): string[] => header.map((heading) => cells[heading]?.(resource, context) ?? '')
  return { header, rows: resources.map(row) }
}
