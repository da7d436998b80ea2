import { findings, int, list, object, oneOf, optional, sparse, text } from '../schema/fields.ts'
import { filterInterfaceComplaint, netComplaint } from '../schema/formats.ts'
import type { Infer } from '../schema/infer.ts'
import { once } from '../schema/once.ts'
import { asNumber, filterCommunity, routePriority } from '../schema/values.ts'
import { filterOperationFindings, filterRuleFindings } from './bgp-filter-checks.ts'
import type { Resource } from './resource.ts'

/** Does one thing to a route that is accepted. */
const operation = once(() =>
  object({
    addCommunity: optional(object({ value: filterCommunity() })),
    /** The path then begins with these numbers, in this order. */
    prependASPath: optional(object({ prefix: list(asNumber(), 10, 1) })),
    setPriority: optional(object({ value: routePriority() })),
  }).check(findings(filterOperationFindings)),
)

const families = { 4: { maxLength: 32, cidrCharacters: 18 }, 6: { maxLength: 128, cidrCharacters: 43 } } as const

/** A route that matches all that is told is accepted or rejected; the first rule that matches decides. */
const filterRule = (family: 4 | 6) => {
  const { maxLength, cidrCharacters } = families[family]
  const length = () => optional(int(0, maxLength))
  return object({
    cidr: sparse(text((value) => netComplaint(value, family), cidrCharacters)),
    /** Of `cidr`'s length to the longest, where it is not told. */
    prefixLength: optional(object({ min: length(), max: length() })),
    source: sparse(oneOf('RemotePeers')),
    interface: sparse(text(filterInterfaceComplaint)),
    matchOperator: sparse(oneOf('Equal', 'NotEqual', 'In', 'NotIn')),
    peerType: sparse(oneOf('eBGP', 'iBGP')),
    communities: optional(object({ values: list(filterCommunity(), 1, 1) })),
    asPathPrefix: sparse(list(asNumber())),
    priority: optional(routePriority()),
    action: oneOf('Accept', 'Reject'),
    operations: sparse(list(operation(), 10)),
  }).check(findings(filterRuleFindings))
}
const [ruleV4, ruleV6] = [once(() => filterRule(4)), once(() => filterRule(6))]

export const bgpFilterSpec = once(() =>
  object({
    exportV4: sparse(list(ruleV4())),
    importV4: sparse(list(ruleV4())),
    exportV6: sparse(list(ruleV6())),
    importV6: sparse(list(ruleV6())),
  }),
)

export interface BGPFilterOperation extends Infer<typeof operation> {}
/** Of either family: they differ in their addresses only. */
export interface BGPFilterRule extends Infer<typeof ruleV4> {}
export interface BGPFilterSpec extends Infer<typeof bgpFilterSpec> {}
export interface BGPFilter extends Resource<'BGPFilter', BGPFilterSpec> {}
