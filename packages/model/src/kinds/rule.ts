import * as z from 'zod/mini'
import { annotationsCheck } from '../metadata/metadata.ts'
import { findings, int, list, object, oneOf, optional, record, sparse, text } from '../schema/fields.ts'
import { maskedNetComplaint, namespaceSelectorComplaint, plainSelectorComplaint } from '../schema/formats.ts'
import type { Infer } from '../schema/infer.ts'
import { once } from '../schema/once.ts'
import { port, protocol, selector } from '../schema/values.ts'
import { entityRuleFindings, httpFindings, icmpFindings, ruleFindings } from './rule-checks.ts'

const icmp = once(() =>
  object({ type: optional(int(0, 254)), code: optional(int(0, 255)) }).check(findings(icmpFindings)),
)

const serviceMatch = once(() => object({ name: sparse(text(undefined, 253)), namespace: sparse(text(undefined, 253)) }))

const serviceAccountMatch = once(() => object({ names: sparse(list(text())), selector: sparse(selector()) }))

const nets = () => sparse(list(text(maskedNetComplaint), 256))
const ports = () => sparse(list(port(), 50))

export const entityRule = once(() =>
  object({
    nets: nets(),
    notNets: nets(),
    selector: sparse(text(plainSelectorComplaint, 1024)),
    notSelector: sparse(text(plainSelectorComplaint, 1024)),
    namespaceSelector: sparse(text(namespaceSelectorComplaint, 1024)),
    ports: ports(),
    notPorts: ports(),
    services: optional(serviceMatch()),
    serviceAccounts: optional(serviceAccountMatch()),
  }).check(findings(entityRuleFindings)),
)

const httpPath = once(() => object({ exact: sparse(text(undefined, 1024)), prefix: sparse(text(undefined, 1024)) }))

const http = once(() =>
  object({ methods: sparse(list(text(), 20)), paths: sparse(list(httpPath(), 20)) }).check(findings(httpFindings)),
)

const ruleMetadata = once(() => object({ annotations: sparse(record(text()).check(annotationsCheck())) }))

export const rule = once(() =>
  object({
    action: oneOf('Allow', 'Deny', 'Log', 'Pass'),
    ipVersion: optional(z.union([z.literal(4), z.literal(6)], 'must be 4 or 6')),
    protocol: optional(protocol()),
    notProtocol: optional(protocol()),
    icmp: optional(icmp()),
    notICMP: optional(icmp()),
    source: sparse(entityRule()),
    destination: sparse(entityRule()),
    http: optional(http()),
    metadata: optional(ruleMetadata()),
  }).check(findings(ruleFindings)),
)

export interface EntityRule extends Infer<typeof entityRule> {}
export interface Rule extends Infer<typeof rule> {}
