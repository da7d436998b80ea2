import { boolean, defaulted, findings, int, list, object, oneOf, optional, sparse } from '../schema/fields.ts'
import type { Infer } from '../schema/infer.ts'
import { once } from '../schema/once.ts'
import { canonicalCidr, plainSelector } from '../schema/values.ts'
import { condition } from './condition.ts'
import { poolCidrComplaint, poolFindings } from './ip-pool-checks.ts'
import type { Resource } from './resource.ts'

const encapsulation = () => defaulted(oneOf('Never', 'Always', 'CrossSubnet'), 'Never')

export const ipPoolSpec = once(() =>
  object({
    cidr: canonicalCidr(poolCidrComplaint),
    vxlanMode: encapsulation(),
    ipipMode: encapsulation(),
    natOutgoing: sparse(boolean()),
    disabled: sparse(boolean()),
    disableBGPExport: sparse(boolean()),
    /** 0 or absent means 26 (IPv4) or 122 (IPv6). */
    blockSize: sparse(int()),
    nodeSelector: defaulted(plainSelector(), 'all()'),
    namespaceSelector: sparse(plainSelector()),
    allowedUses: defaulted(list(oneOf('Workload', 'Tunnel', 'LoadBalancer'), 10), ['Workload', 'Tunnel']),
    assignmentMode: defaulted(oneOf('Automatic', 'Manual'), 'Automatic'),
  }).check(findings(poolFindings)),
)

export const ipPoolStatus = once(() => object({ conditions: optional(list(condition())) }))

export interface IPPoolSpec extends Infer<typeof ipPoolSpec> {}
export interface IPPoolStatus extends Infer<typeof ipPoolStatus> {}
export interface IPPool extends Resource<'IPPool', IPPoolSpec, IPPoolStatus> {}
