import {
  type EntityRule,
  type GlobalNetworkPolicy,
  type NetworkPolicy,
  parseSelector,
  type Selector,
  wellKnown,
} from '@tortie/model'

type Labels = Readonly<Record<string, string>>
type Lookup = (label: string) => string | undefined

/** What `all()` and `global()` stand for where a selector is used. */
interface Meaning {
  readonly all: boolean
  readonly global: boolean
}

/** A selector read word for word (spec 02 §1.3). */
function holds(selector: Selector, label: Lookup, meaning: Meaning): boolean {
  const inner = (operand: Selector): boolean => holds(operand, label, meaning)
  switch (selector.kind) {
    case 'all':
      return meaning.all
    case 'global':
      return meaning.global
    case 'not':
      return !inner(selector.operand)
    case 'and':
      return selector.operands.every(inner)
    case 'or':
      return selector.operands.some(inner)
  }
  const value = label(selector.label)
  switch (selector.kind) {
    case 'has':
      return value !== undefined
    case 'eq':
      return value === selector.value
    case 'ne':
      return value !== selector.value
    case 'in':
      return value !== undefined && selector.values.includes(value)
    case 'notIn':
      return value === undefined || !selector.values.includes(value)
    case 'contains':
      return value?.includes(selector.value) ?? false
    case 'startsWith':
      return value?.startsWith(selector.value) ?? false
    case 'endsWith':
      return value?.endsWith(selector.value) ?? false
  }
}

const everywhere: Meaning = { all: true, global: true }

function own(labels: Labels, prefix = ''): Lookup {
  return (label) => (Object.hasOwn(labels, prefix + label) ? labels[prefix + label] : undefined)
}

function readable(text: string): Selector | undefined {
  try {
    return parseSelector(text)
  } catch {
    return undefined
  }
}

/** Whether the policy is for an endpoint with these labels (spec 02 §1.6). A policy whose selector is none is for nobody. */
export function policySelects(policy: NetworkPolicy | GlobalNetworkPolicy, labels: Labels): boolean {
  const { selector = '', serviceAccountSelector = '' } = policy.spec
  const namespaceSelector = policy.kind === 'GlobalNetworkPolicy' ? (policy.spec.namespaceSelector ?? '') : ''
  const isIn = (label: string): boolean => Object.hasOwn(labels, label)
  const inNamespace = isIn(wellKnown.namespaceLabel)
  const hasAccount = isIn(wellKnown.serviceAccountLabel)
  const isGlobal = policy.kind === 'GlobalNetworkPolicy'

  // In a global policy `all()` means less once another selector restricts it, and that goes by the letter.
  let text = selector
  if (namespaceSelector !== '') text = text.replaceAll('all()', `has(${wellKnown.namespaceLabel})`)
  if (isGlobal && serviceAccountSelector !== '')
    text = text.replaceAll('all()', `has(${wellKnown.serviceAccountLabel})`)
  const main = readable(text)
  if (main === undefined || !holds(main, own(labels), everywhere)) return false

  if (policy.kind === 'NetworkPolicy' && labels[wellKnown.namespaceLabel] !== (policy.metadata.namespace ?? ''))
    return false
  const byNamespace = namespaceSelector === '' ? undefined : readable(namespaceSelector)
  const namespaceLabels = own(labels, wellKnown.namespaceLabelPrefix)
  if (byNamespace && !holds(byNamespace, namespaceLabels, { all: inNamespace, global: true })) return false
  const byAccount = serviceAccountSelector === '' ? undefined : readable(serviceAccountSelector)
  const accountLabels = own(labels, wellKnown.serviceAccountLabelPrefix)
  return !byAccount || holds(byAccount, accountLabels, { all: isGlobal ? hasAccount : true, global: true })
}

/** Whether the side of a rule is restricted to endpoints and network sets that it selects. */
export function isSelective(entity: EntityRule, namespace: string | undefined): boolean {
  const { names = [], selector = '' } = entity.serviceAccounts ?? {}
  return (
    Boolean(entity.selector) ||
    Boolean(entity.namespaceSelector) ||
    names.length > 0 ||
    selector !== '' ||
    (namespace !== undefined && Boolean(entity.notSelector))
  )
}

/** Whether somebody with these labels is among those whom the side of a rule selects (spec 02 §1.6). */
export function entitySelects(entity: EntityRule, namespace: string | undefined, labels: Labels): boolean {
  const { selector = '', namespaceSelector = '', serviceAccounts } = entity
  const value = own(labels)
  const itsNamespace = value(wellKnown.namespaceLabel)
  const inNamespace = itsNamespace !== undefined
  if (namespaceSelector !== '') {
    const meaning = { all: inNamespace, global: !inNamespace }
    if (!holds(parseSelector(namespaceSelector), own(labels, wellKnown.namespaceLabelPrefix), meaning)) return false
  } else if (namespace !== undefined && itsNamespace !== namespace) return false
  const { names = [], selector: byAccount = '' } = serviceAccounts ?? {}
  if (names.length > 0 && !names.includes(value(wellKnown.serviceAccountLabel) ?? '')) return false
  const accountLabels = own(labels, wellKnown.serviceAccountLabelPrefix)
  if (byAccount !== '' && !holds(parseSelector(byAccount), accountLabels, everywhere)) return false
  return holds(parseSelector(selector), value, everywhere) && !excludes(entity, labels)
}

/** Whether `notSelector` is for somebody with these labels. */
export function excludes({ notSelector = '' }: EntityRule, labels: Labels): boolean {
  return notSelector !== '' && holds(parseSelector(notSelector), own(labels), everywhere)
}
