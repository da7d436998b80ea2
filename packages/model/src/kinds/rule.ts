import * as z from 'zod/mini'
import { int, list, object, oneOf, optional, record, text } from '../schema/fields.ts'
import type { Infer } from '../schema/infer.ts'
import { once } from '../schema/once.ts'

/** A port number, a range `first:last`, or the name of an endpoint's port. */
const port = () => z.union([z.int(), z.string()])
/** A protocol name (`TCP`) or number. */
const protocol = () => z.union([z.int(), z.string()])

const icmp = once(() => object({ type: optional(int(0, 254)), code: optional(int(0, 255)) }))

const serviceMatch = once(() => object({ name: text({ max: 253 }), namespace: optional(text({ max: 253 })) }))
const serviceAccountMatch = once(() =>
  object({ names: optional(list(text())), selector: optional(text({ max: 1024 })) }),
)

export const entityRule = once(() =>
  object({
    nets: optional(list(text(), 256)),
    notNets: optional(list(text(), 256)),
    selector: optional(text({ max: 1024 })),
    notSelector: optional(text({ max: 1024 })),
    namespaceSelector: optional(text({ max: 1024 })),
    ports: optional(list(port(), 50)),
    notPorts: optional(list(port(), 50)),
    services: optional(serviceMatch()),
    serviceAccounts: optional(serviceAccountMatch()),
  }),
)

const httpPath = once(() => object({ exact: optional(text({ max: 1024 })), prefix: optional(text({ max: 1024 })) }))

const http = once(() => object({ methods: optional(list(text(), 20)), paths: optional(list(httpPath(), 20)) }))

export const rule = once(() =>
  object({
    action: oneOf('Allow', 'Deny', 'Log', 'Pass'),
    ipVersion: optional(z.union([z.literal(4), z.literal(6)])),
    protocol: optional(protocol()),
    notProtocol: optional(protocol()),
    icmp: optional(icmp()),
    notICMP: optional(icmp()),
    source: optional(entityRule()),
    destination: optional(entityRule()),
    http: optional(http()),
    metadata: optional(object({ annotations: optional(record(text())) })),
  }),
)

export interface EntityRule extends Infer<typeof entityRule> {}
export interface Rule extends Infer<typeof rule> {}
