/** The laws of the two dataplane contracts, as data: any test runner can run them. */
export type { Law } from './law.ts'
export { type PolicyDataplaneSubject, policyDataplaneLaws } from './policy-laws.ts'
export { type RoutingDataplaneSubject, routingDataplaneLaws } from './routing-laws.ts'
