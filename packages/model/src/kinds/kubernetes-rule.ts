import { labelsCheck } from '../metadata/metadata.ts'
import { labelKeyComplaint } from '../metadata/names.ts'
import {
  type Complaint,
  findings,
  int,
  list,
  numberOrText,
  object,
  oneOf,
  optional,
  record,
  rule,
  sparse,
  text,
} from '../schema/fields.ts'
import { cidrComplaint, portNameComplaint } from '../schema/formats.ts'
import type { Infer } from '../schema/infer.ts'
import { once } from '../schema/once.ts'
import { ipBlockFindings, kubernetesPortFindings, requirementFindings } from './kubernetes-rule-checks.ts'

/** Parts of networking.k8s.io/v1 NetworkPolicy, which StagedKubernetesNetworkPolicy has (spec 01 §1.7, §3.7). */

const requirement = once(() =>
  object({
    key: text(labelKeyComplaint),
    operator: oneOf('In', 'NotIn', 'Exists', 'DoesNotExist'),
    values: sparse(list(text())),
  }).check(findings(requirementFindings)),
)

/** Empty selects everything; absent, in a peer, is not asked. */
export const labelSelector = once(() =>
  object({
    matchLabels: sparse(record(text()).check(labelsCheck())),
    matchExpressions: sparse(list(requirement())),
  }),
)

const port = once(() =>
  object({
    protocol: sparse(oneOf('TCP', 'UDP', 'SCTP')),
    port: optional(numberOrText((value) => value, rule(portComplaint))),
    endPort: optional(int(1, 65_535)),
  }).check(findings(kubernetesPortFindings)),
)

function portComplaint(value: number | string): Complaint {
  if (typeof value === 'string' && !/^[0-9]+$/.test(value)) return portNameComplaint(value)
  return Number(value) >= 1 && Number(value) <= 65_535 ? undefined : 'port number must be between 1 and 65535'
}

const ipBlock = once(() =>
  object({
    cidr: text((value) => cidrComplaint(value)),
    except: sparse(list(text((value) => cidrComplaint(value)))),
  }).check(findings(ipBlockFindings)),
)

const peer = once(() =>
  object({
    podSelector: optional(labelSelector()),
    namespaceSelector: optional(labelSelector()),
    ipBlock: optional(ipBlock()),
  }),
)

export const kubernetesIngressRule = once(() => object({ ports: sparse(list(port())), from: sparse(list(peer())) }))
export const kubernetesEgressRule = once(() => object({ ports: sparse(list(port())), to: sparse(list(peer())) }))

export interface LabelSelector extends Infer<typeof labelSelector> {}
