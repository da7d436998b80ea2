import type { ExpressionOf } from '../expression/expression.ts'
import type { Chain, Elements, Flowtable, NftObject, NftSet, PackedElements, Rule, Table } from '../object/object.ts'
import type { Operation } from '../transaction/operation.ts'
import type { Transaction } from '../transaction/transaction.ts'
import { commentOf, setCommentType } from '../user-data.ts'
import { elementTexts } from './element.ts'
import { formatExpressions } from './expression.ts'
import { formatName, setWord } from './head.ts'
import { quoted } from './value.ts'

export interface FormatOptions {
  /** Most elements shown of each list; all without it, so that nft can read the text. */
  readonly elements?: number
}

/**
 * A transaction as a script for nft, for people, logs and dry runs: `nft -f` of it does the same. Expressions without nft
 * words are shown in angle brackets.
 */
export function formatTransaction({ operations }: Transaction, options: FormatOptions = {}): string {
  const anonymous = new Map<number, Elements | undefined>()
  for (const { object } of operations) {
    if (object.kind === 'set' && isAnonymous(object as NftSet)) anonymous.set(object.id ?? -1, undefined)
    else if (object.kind === 'elements' && isAnonymous(object.set)) anonymous.set(object.set.id ?? -1, object)
  }
  const inline = ({ setId }: ExpressionOf<'lookup'>): string | undefined => {
    const elements = setId === undefined ? undefined : anonymous.get(setId)
    return elements && `{ ${elementTexts(elements, options.elements).join(', ')} }`
  }
  return operations
    .filter(({ object }) => !isAnonymous('set' in object ? (object.set as NftSet) : (object as NftSet)))
    .map((operation) => `${operationText(operation, inline, options)}\n`)
    .join('')
}

function isAnonymous(set: Partial<NftSet>): boolean {
  return set.anonymous === true
}

type Inline = (lookup: ExpressionOf<'lookup'>) => string | undefined

function operationText({ verb, object }: Operation, inline: Inline, options: FormatOptions): string {
  const target = object as NftObject
  const makes = verb === 'add' || verb === 'create'
  switch (target.kind) {
    case 'table':
      return `${verb} table ${formatName(target)}${makes ? block(tableParts(target)) : ''}`
    case 'chain':
      return `${verb} chain ${formatName(target.table)} ${target.name}${makes ? block(chainParts(target)) : ''}`
    case 'set': {
      const body = makes ? block(setParts(target)) : ''
      return `${verb} ${setWord(target)} ${formatName(target.table)} ${target.name}${body}`
    }
    case 'flowtable': {
      const body = makes ? block(flowtableParts(target)) : ''
      return `${verb} flowtable ${formatName(target.table)} ${target.name}${body}`
    }
    case 'rule':
      return ruleText(verb, target, inline)
    case 'elements':
    case 'packed-elements':
      return elementsText(verb, target, options)
  }
}

function block(parts: readonly (string | undefined)[]): string {
  const present = parts.filter((part) => part !== undefined)
  return present.length === 0 ? '' : ` { ${present.map((part) => `${part}; `).join('')}}`
}

function commentPart(userData: Uint8Array | undefined, type?: number): string | undefined {
  const text = commentOf(userData, type)
  return text === undefined ? undefined : `comment ${quoted(text)}`
}

function tableParts({ dormant, userData }: Table): (string | undefined)[] {
  return [dormant ? 'flags dormant' : undefined, commentPart(userData)]
}

function chainParts({ base, userData }: Chain): (string | undefined)[] {
  if (!base) return [commentPart(userData)]
  const [only, ...more] = base.devices ?? []
  const devices =
    only === undefined ? '' : more.length === 0 ? ` device "${only}"` : ` devices = { ${base.devices?.join(', ')} }`
  const place = `type ${base.type} hook ${base.hook}${devices} priority ${base.priority}`
  return [place, `policy ${base.policy}`, commentPart(userData)]
}

const flags = ['constant', 'dynamic', 'interval', 'timeout'] as const

function setParts(set: NftSet): (string | undefined)[] {
  const data = set.data === undefined ? '' : ` : ${set.data === 'verdict' ? 'verdict' : set.data.join(' . ')}`
  const set1 = flags.filter((flag) => set[flag])
  return [
    `type ${set.key.join(' . ')}${data}`,
    set1.length > 0 ? `flags ${set1.join(',')}` : undefined,
    set.timeoutMs === undefined ? undefined : `timeout ${set.timeoutMs}ms`,
    set.gcIntervalMs === undefined ? undefined : `gc-interval ${set.gcIntervalMs}ms`,
    set.size === undefined ? undefined : `size ${set.size}`,
    set.policy === undefined ? undefined : `policy ${set.policy}`,
    commentPart(set.userData, setCommentType),
  ]
}

function flowtableParts({ priority, devices, counter }: Flowtable): (string | undefined)[] {
  return [`hook ingress priority ${priority}`, `devices = { ${devices.join(', ')} }`, counter ? 'counter' : undefined]
}

function ruleText(verb: Operation['verb'], rule: Rule, inline: Inline): string {
  const { chain, handle, position, expressions, userData } = rule
  const place = handle ?? position
  const head = `${verb} rule ${formatName(chain.table)} ${chain.name}${place === undefined ? '' : ` handle ${place}`}`
  if (verb === 'delete' || verb === 'destroy') return head
  const text = commentOf(userData)
  return `${head} ${formatRule(rule, inline)}${text === undefined || expressions.length === 0 ? '' : ` comment ${quoted(text)}`}`
}

/** The matches and statements of a rule, as nft would write them. */
export function formatRule({ chain, expressions }: Pick<Rule, 'chain' | 'expressions'>, inline?: Inline): string {
  return formatExpressions(chain.table.family, expressions, inline)
}

function elementsText(verb: string, list: Elements | PackedElements, options: FormatOptions): string {
  const { set } = list
  return `${verb} element ${formatName(set.table)} ${set.name} { ${elementTexts(list, options.elements).join(', ')} }`
}
