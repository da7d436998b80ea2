import { canonicalPrefix } from '@tortie/ip'
import { parseAsNumber } from '../scalars/as-number.ts'
import { complaintOf } from '../scalars/bad-value.ts'
import { parseCommunity } from '../scalars/community.ts'
import { parseDscp } from '../scalars/dscp.ts'
import { formatDurationNs, parseDurationNs } from '../scalars/duration.ts'
import { formatPort, parsePort } from '../scalars/port.ts'
import { parseProtocol, protocolNumbers } from '../scalars/protocol.ts'
import { type Complaint, canonicalText, int, numberOrText, pattern, reading, rule, text } from './fields.ts'
import { plainSelectorComplaint, selectorComplaint } from './formats.ts'

/** Schemas of the value types that many kinds share. */

const maxSelector = 1024

export const selector = () => text(selectorComplaint, maxSelector)

/** A selector in which `global()` may not occur. */
export const plainSelector = () => text(plainSelectorComplaint, maxSelector)

/** A port number 1 to 65535, a range `first:last`, or the name of an endpoint's port. */
export const port = () => numberOrText(canonicalPort, reading(portComplaint), rule(zeroComplaint))

/** The same without names. */
export const numericPort = () =>
  numberOrText(canonicalPort, reading(portComplaint), rule(zeroComplaint), rule(nameComplaint))

const canonicalPort = (value: number | string) => formatPort(parsePort(value))

function portComplaint(value: number | string): Complaint {
  const bad = complaintOf(() => parsePort(value))
  return bad === undefined ? undefined : `port range invalid: ${bad}`
}

function zeroComplaint(value: number | string): Complaint {
  if (portComplaint(value) !== undefined) return undefined
  const parsed = parsePort(value)
  if (parsed.kind === 'named' || parsed.first > 0) return undefined
  return 'port range invalid, port number must be between 1 and 65535'
}

function nameComplaint(value: number | string): Complaint {
  if (portComplaint(value) !== undefined || parsePort(value).kind !== 'named') return undefined
  return 'write the number of the port: names have no meaning here'
}

/** The name of a protocol, in its exact case, or its number 1 to 255. */
export const protocol = () =>
  numberOrText((value) => (/^[0-9]+$/.test(String(value)) ? parseProtocol(value) : value), rule(protocolComplaint))

function protocolComplaint(value: number | string): Complaint {
  if (typeof value === 'string' && !/^[0-9]+$/.test(value))
    return Object.hasOwn(protocolNumbers, value)
      ? undefined
      : `protocol name invalid; write one of ${Object.keys(protocolNumbers).join(', ')}`
  const bad = complaintOf(() => parseProtocol(value))
  return bad === undefined && Number(value) > 0 ? undefined : 'protocol number invalid; write a number from 1 to 255'
}

export const asNumber = () =>
  numberOrText(
    parseAsNumber,
    reading((value) => complaintOf(() => parseAsNumber(value))),
  )

export const community = () => text(communityComplaint, 40)

/** The same without zeros in front. */
export const filterCommunity = () =>
  text(
    (value) =>
      communityComplaint(value) ?? (/(?:^|:)0[0-9]/.test(value) ? 'write it without leading zeros' : undefined),
    32,
  )

function communityComplaint(value: string): Complaint {
  return complaintOf(() => parseCommunity(value))
}

/** Metric of a route, as far as the kernel and the CRDs have it. */
export const routePriority = () => int(1, 2_147_483_646)

export const dscp = () =>
  numberOrText(
    (value) => (/^[0-9]+$/.test(String(value)) ? parseDscp(value) : value),
    rule((value) => complaintOf(() => parseDscp(value))),
  )

const crdDuration = /^(?:[0-9]+(?:\.[0-9]+)?(?:ms|s|m|h))*$/

/** A Go duration of the units that the CRDs know; written as Go writes it, unless that needs other units. */
export const duration = () =>
  canonicalText(
    (value) => {
      const formatted = formatDurationNs(parseDurationNs(value))
      return crdDuration.test(formatted) ? formatted : value
    },
    reading((value) => crdComplaint(value) ?? complaintOf(() => parseDurationNs(value))),
  )

function crdComplaint(value: string): Complaint {
  return crdDuration.test(value) ? undefined : 'must be a duration of ms, s, m and h without sign, such as 1m30s'
}

/** Any Go duration. */
export const goDuration = () =>
  canonicalText(
    (value) => formatDurationNs(parseDurationNs(value)),
    reading((value) => complaintOf(() => parseDurationNs(value))),
  )

export const canonicalCidr = (complain: (value: string) => Complaint) => canonicalText(canonicalPrefix, rule(complain))

export const timestamp = () =>
  pattern(
    /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?(?:Z|[+-][0-9]{2}:[0-9]{2})$/,
    'an RFC 3339 time such as 2026-08-10T12:00:00Z',
  )
