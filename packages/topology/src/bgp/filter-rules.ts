import type { Action, Match, PrefixMatch, Statement } from '@tortie/bgp'
import { type Family, parsePrefix, width } from '@tortie/ip'
import { type BGPFilterOperation, type BGPFilterRule, parseAsNumber, type ResourceOf } from '@tortie/model'
import { readCommunity } from './configuration.ts'
import { networkText } from './network.ts'
import { localPrefOf } from './priority.ts'
import type { BgpProblem } from './program.ts'

export const ruleLists = ['importV4', 'importV6', 'exportV4', 'exportV6'] as const
export type RuleList = (typeof ruleLists)[number]

/** A BGPFilter, read. */
export interface ReadFilter {
  readonly statements: Readonly<Record<RuleList, readonly Statement[]>>
  readonly problems: readonly BgpProblem[]
}

/** @throws IpError, ModelError for what is no CIDR, AS number or community */
export function readFilter({ metadata, spec }: ResourceOf<'BGPFilter'>): ReadFilter {
  const object = `BGPFilter(${metadata.name})`
  const problems: BgpProblem[] = []
  const statementsOf = (list: RuleList): Statement[] =>
    (spec[list] ?? []).map((rule, i) => {
      const origin = `${object}.${list}[${i}]`
      if (rule.prefixLength && isForOne(rule))
        problems.push({
          code: 'needless-prefix-length',
          objects: [object],
          why: `${origin}: prefixLength means nothing with matchOperator ${rule.matchOperator}; use In or NotIn`,
        })
      return statementOf(rule, origin, list.endsWith('4') ? 4 : 6)
    })
  return {
    statements: {
      importV4: statementsOf('importV4'),
      importV6: statementsOf('importV6'),
      exportV4: statementsOf('exportV4'),
      exportV6: statementsOf('exportV6'),
    },
    problems,
  }
}

const isForOne = ({ matchOperator }: BGPFilterRule): boolean =>
  matchOperator === 'Equal' || matchOperator === 'NotEqual'

function statementOf(rule: BGPFilterRule, origin: string, family: Family): Statement {
  const actions = (rule.operations ?? []).map(actionOf)
  return {
    origin,
    match: matchOf(rule, family),
    ...(actions.length > 0 && { actions }),
    verdict: rule.action === 'Accept' ? 'accept' : 'reject',
  }
}

function matchOf(rule: BGPFilterRule, family: Family): Match {
  const { cidr, matchOperator, source, interface: glob, peerType, communities, asPathPrefix, priority } = rule
  const set = cidr && matchOperator ? [prefixSet(networkText(cidr), rule, family)] : undefined
  const [community] = communities?.values ?? []
  return {
    ...(set && (matchOperator === 'Equal' || matchOperator === 'In' ? { prefixes: set } : { notPrefixes: set })),
    ...(source === 'RemotePeers' && { sources: ['bgp'] }),
    ...(glob && { interfaces: [glob] }),
    ...(peerType && { peerType: peerType === 'iBGP' ? 'internal' : 'external' }),
    ...(community !== undefined && { communities: [communityOf(community)] }),
    ...(asPathPrefix?.length && { asPathPrefix: asPathPrefix.map(parseAsNumber) }),
    ...(priority !== undefined && { localPref: { min: localPrefOf(priority), max: localPrefOf(priority) } }),
  }
}

/**
 * BIRD compares one prefix with a set of lengths as never equal; here `Equal` and `NotEqual` mean the CIDR, whatever
 * `prefixLength` says (trap 22).
 */
function prefixSet(cidr: string, rule: BGPFilterRule, family: Family): PrefixMatch {
  const { length } = parsePrefix(cidr)
  if (isForOne(rule)) return { prefix: cidr, min: length, max: length }
  const { min = 0, max = width(family) } = rule.prefixLength ?? {}
  return { prefix: cidr, min: Math.max(length, min), max: Math.min(width(family), max) }
}

function actionOf({ addCommunity, prependASPath, setPriority }: BGPFilterOperation): Action {
  if (addCommunity) return { do: 'addCommunity', community: communityOf(addCommunity.value) }
  if (prependASPath) return { do: 'prependAsPath', asns: prependASPath.prefix.map(parseAsNumber) }
  if (setPriority) return { do: 'setLocalPref', value: localPrefOf(setPriority.value) }
  throw new TypeError('an operation without addCommunity, prependASPath and setPriority')
}

function communityOf(text: string) {
  const community = readCommunity(text)
  if (community === undefined) throw new TypeError(`${text} is no community; write aa:nn or aa:nn:mm`)
  return community
}
