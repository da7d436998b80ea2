import {
  type EntityRule,
  formatSelector,
  type GlobalNetworkPolicy,
  type NetworkPolicy,
  parseSelector,
  prefixLabels,
  type Selector,
  wellKnown,
} from '@tortie/model'

const { namespaceLabel, serviceAccountLabel, namespaceLabelPrefix, serviceAccountLabelPrefix } = wellKnown

/** The canonical text of a selector on labels that come from a namespace or service account. */
function prefixed(selector: string, prefix: string): string {
  return formatSelector(prefixLabels(parseSelector(selector), prefix))
}

export interface PolicyScope {
  /** A selector, unless `spec.selector` is none. */
  readonly text: string
  /** Fields that could not be read and therefore do not restrict, as Calico has it. */
  readonly ignored: readonly string[]
}

/**
 * Whom a policy applies to. Calico combines selectors as text, and what they mean in the end depends on it (spec 01 §4.5,
 * 02 §1.6).
 */
export function policyScope(policy: NetworkPolicy | GlobalNetworkPolicy): PolicyScope {
  const { spec, metadata } = policy
  const ignored: string[] = []
  let text = spec.selector ?? ''
  const and = (field: string, selector: string | undefined, prefix: string, all?: string): void => {
    if (selector === undefined || selector === '') return
    try {
      const more = prefixed(selector, prefix)
      text = text === '' ? more : `(${text}) && ${more}`
    } catch {
      ignored.push(field)
    }
    if (all !== undefined) text = text.replaceAll('all()', all)
  }
  if (policy.kind === 'GlobalNetworkPolicy') {
    and('namespaceSelector', policy.spec.namespaceSelector, namespaceLabelPrefix, `has(${namespaceLabel})`)
    and('serviceAccountSelector', spec.serviceAccountSelector, serviceAccountLabelPrefix, `has(${serviceAccountLabel})`)
  } else {
    const own = `${namespaceLabel} == '${metadata.namespace ?? ''}'`
    text = text === '' ? own : `(${text}) && ${own}`
    and('serviceAccountSelector', spec.serviceAccountSelector, serviceAccountLabelPrefix)
  }
  return { text, ignored }
}

function namespaceText({ namespaceSelector = '' }: EntityRule, namespace: string | undefined): string {
  if (namespaceSelector !== '')
    return prefixed(namespaceSelector, namespaceLabelPrefix)
      .replaceAll('all()', `has(${namespaceLabel})`)
      .replaceAll('global()', `!has(${namespaceLabel})`)
  return namespace === undefined ? '' : `${namespaceLabel} == '${namespace}'`
}

function serviceAccountText({ serviceAccounts }: EntityRule): string {
  const { names = [], selector = '' } = serviceAccounts ?? {}
  const bySelector = selector === '' ? '' : prefixed(selector, serviceAccountLabelPrefix)
  if (names.length === 0) return bySelector
  const byName = formatSelector(parseSelector(`${serviceAccountLabel} in { '${names.join("', '")}' }`))
  return bySelector === '' ? byName : `(${bySelector}) && (${byName})`
}

export interface EntitySelectors {
  /** Its endpoints and network sets; what `notSelector` takes away is taken away already. */
  readonly positive?: Selector
  /** Only without a positive one: addresses of nobody match too (spec 02 §1.6). */
  readonly negative?: Selector
}

/** The selectors of one side of a rule. `namespace` is that of the policy. @throws ModelError */
export function entitySelectors(entity: EntityRule, namespace: string | undefined): EntitySelectors {
  const { selector = '', notSelector = '', namespaceSelector = '' } = entity
  const serviceAccounts = serviceAccountText(entity)
  const both = serviceAccounts !== '' && selector !== ''
  let text = both ? `((${serviceAccounts}) && (${selector}))` : serviceAccounts || selector
  const namespaces = namespaceText(entity, namespace)
  if (namespaces !== '' && (text !== '' || notSelector !== '' || namespaceSelector !== ''))
    text = text === '' ? namespaces : `(${namespaces}) && (${text})`
  if (text === '') return notSelector === '' ? {} : { negative: parseSelector(notSelector) }
  return { positive: parseSelector(notSelector === '' ? text : `(${text}) && (!(${notSelector}))`) }
}
