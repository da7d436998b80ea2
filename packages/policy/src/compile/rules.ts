import type { IpSetId, PolicyRules, Rule } from '@tortie/dataplane'
import type { Rule as ModelRule } from '@tortie/model'
import { ruleProblem } from '../resources/rule-problem.ts'
import type { IpSetDefinition, IpSetIds } from './ip-set.ts'
import { compileRule, type RuleContext } from './rule.ts'

export interface CompiledRules {
  readonly rules: PolicyRules
  readonly sets: ReadonlyMap<IpSetId, IpSetDefinition>
  /** Rules that cannot be understood, `ingress[2].source.nets[0]: …`; a rule that denies stands in the place of each. */
  readonly problems: readonly string[]
}

export interface RuleSource {
  readonly namespace: string | undefined
  readonly ingress: readonly ModelRule[]
  readonly egress: readonly ModelRule[]
}

/** The rules of a policy or profile, and the IP sets they need. */
export function compileRules({ namespace, ingress, egress }: RuleSource, ids: IpSetIds): CompiledRules {
  const problems: string[] = []
  const context: RuleContext = { namespace, ids, sets: new Map() }
  const compile = (direction: 'ingress' | 'egress', rules: readonly ModelRule[]): readonly Rule[] =>
    rules.flatMap((rule, index) => {
      const problem = ruleProblem(rule)
      if (problem === undefined) return compileRule(rule, index, context) ?? []
      problems.push(`${direction}[${index}].${problem}`)
      return denyEverything(index)
    })
  const rules = { ingress: compile('ingress', ingress), egress: compile('egress', egress) }
  return { rules, sets: context.sets, problems }
}

/** What stands for a rule that cannot be understood, and for a profile that does not exist. */
export function denyEverything(index: number): Rule {
  return { action: 'deny', source: {}, destination: {}, index }
}
