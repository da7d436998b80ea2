import type { Complaint } from '../schema/fields.ts'

const label = '[a-z0-9](?:[-a-z0-9]*[a-z0-9])?'
const subdomain = `${label}(?:\\.${label})*`

const maxName = 253
const maxLabel = 63

/** A rule for `metadata.name`: which names, and what to say of others. */
export interface NameRule {
  readonly pattern: RegExp
  readonly max: number
  readonly reason: string
}

function nameRule(pattern: string, max: number, reason: string): NameRule {
  return { pattern: new RegExp(`^(?:${pattern})$`), max, reason }
}

/** Calico's name rules (spec 01 §1.4). */
export const nameRules = {
  subdomain: nameRule(
    subdomain,
    maxName,
    `name must consist of lower case alphanumeric characters, '-' or '.' (regex: ${subdomain})`,
  ),
  tier: nameRule(
    label,
    maxLabel,
    `name must consist of lower case alphanumeric characters or '-' (regex: ${label}), without dots`,
  ),
  networkPolicy: nameRule(
    `${label}(?:\\.${label})?|(?:knp|ossg)\\.default\\.${subdomain}`,
    maxName,
    `name must consist of lower case alphanumeric characters or '-' (regex: ${label}), with at most one dot`,
  ),
  globalNetworkPolicy: nameRule(
    `${label}(?:\\.${label})?`,
    maxName,
    `name must consist of lower case alphanumeric characters or '-' (regex: ${label}), with at most one dot`,
  ),
  default: nameRule('default', maxName, "there is only one object of this kind; name it 'default'"),
  /** Of kinds whose name is made from the spec, and checked against it. */
  computed: nameRule(`(?:${subdomain})?`, maxName, 'leave the name out: it is made from the spec'),
  /** IPAM's own objects: their names are made by us, handles are what a user of IPAM says. */
  free: nameRule('[^/\\s]+', maxName * 4, 'name must not be empty nor hold a slash or blank'),
} as const satisfies Record<string, NameRule>

export function nameComplaint(name: string, rule: NameRule): Complaint {
  // The length first: it bounds the work of the pattern.
  if (name.length > rule.max) return `name is too long by ${name.length - rule.max} bytes`
  return rule.pattern.test(name) ? undefined : rule.reason
}

/** A name as other fields refer to it: the subdomain rule without a limit of its own. */
export function referenceComplaint(name: string): Complaint {
  return nameComplaint(name, nameRules.subdomain)
}

/** A DNS label of at most `max` characters. */
export function isDnsLabel(text: string, max: number = maxLabel): boolean {
  return text.length <= max && nameRules.tier.pattern.test(text)
}

const qualifiedPart = /^(?:[A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/

/** Key of a label or annotation: `name` or `prefix/name` (Kubernetes' qualified name). */
export function labelKeyComplaint(key: string): Complaint {
  const [name = '', prefix, ...more] = key.split('/').reverse()
  if (more.length > 0) return 'a key has at most one slash, between its prefix and its name'
  if (prefix !== undefined && nameComplaint(prefix, nameRules.subdomain) !== undefined)
    return 'the prefix of a key must be a DNS name in lower case, at most 253 characters'
  if (name.length > maxLabel) return 'the name of a key must be no more than 63 characters'
  if (!qualifiedPart.test(name))
    return "the name of a key must consist of alphanumeric characters, '-', '_' or '.', and begin and end alphanumeric"
  return undefined
}

/** Value of a label; empty is a value. */
export function labelValueComplaint(value: string): Complaint {
  if (value.length > maxLabel) return 'a label value must be no more than 63 characters'
  if (value !== '' && !qualifiedPart.test(value))
    return "a label value must consist of alphanumeric characters, '-', '_' or '.', and begin and end alphanumeric"
  return undefined
}
