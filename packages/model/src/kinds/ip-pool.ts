import { boolean, defaulted, int, list, object, oneOf, optional, text } from '../schema/fields.ts'
import type { Infer } from '../schema/infer.ts'
import { once } from '../schema/once.ts'
import { condition } from './condition.ts'
import type { Resource } from './resource.ts'

const encapsulation = () => defaulted(oneOf('Never', 'Always', 'CrossSubnet'), 'Never')

export const ipPoolSpec = once(() =>
  object({
    cidr: text({ max: 48 }),
    vxlanMode: encapsulation(),
    ipipMode: encapsulation(),
    natOutgoing: optional(boolean()),
    disabled: optional(boolean()),
    disableBGPExport: optional(boolean()),
    /** 0 or absent means 26 (IPv4) or 122 (IPv6). */
    blockSize: optional(int()),
    nodeSelector: defaulted(text({ max: 1024 }), 'all()'),
    namespaceSelector: optional(text({ max: 1024 })),
    allowedUses: defaulted(list(oneOf('Workload', 'Tunnel', 'LoadBalancer'), 10), ['Workload', 'Tunnel']),
    assignmentMode: defaulted(oneOf('Automatic', 'Manual'), 'Automatic'),
  }),
)

export const ipPoolStatus = once(() => object({ conditions: optional(list(condition())) }))

export interface IPPoolSpec extends Infer<typeof ipPoolSpec> {}
export interface IPPoolStatus extends Infer<typeof ipPoolStatus> {}
export interface IPPool extends Resource<'IPPool', IPPoolSpec, IPPoolStatus> {}
