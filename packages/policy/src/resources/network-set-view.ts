import { canonicalPrefix } from '@tortie/ip'
import { type GlobalNetworkSet, type NetworkSet, wellKnown } from '@tortie/model'
import { attempt } from './rule-problem.ts'

/** What policy needs to know of a network set, in canonical form. */
export interface NetworkSetView {
  readonly nets: readonly string[]
  readonly labels: Readonly<Record<string, string>>
  /** Whose labels it inherits. */
  readonly profiles: readonly string[]
  /** Entries that cannot be read; they are left out, as Calico does. */
  readonly problems: readonly string[]
}

/** Bare addresses count as host prefixes, host bits are masked off (spec 01 §1.8, §4.5). */
export function viewNetworkSet({ kind, metadata, spec }: NetworkSet | GlobalNetworkSet): NetworkSetView {
  const nets = new Set<string>()
  const problems: string[] = []
  for (const [i, net] of (spec.nets ?? []).entries()) {
    const problem = attempt(`spec.nets[${i}]`, () => void nets.add(canonicalPrefix(net)))
    if (problem !== undefined) problems.push(problem)
  }
  const { namespace } = metadata
  const labels = metadata.labels ?? {}
  if (kind === 'GlobalNetworkSet' || namespace === undefined) return { nets: [...nets], labels, profiles: [], problems }
  return {
    nets: [...nets],
    labels: { ...labels, [wellKnown.namespaceLabel]: namespace },
    profiles: [wellKnown.namespaceProfilePrefix + namespace],
    problems,
  }
}
