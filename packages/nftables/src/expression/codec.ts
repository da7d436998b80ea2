import { attributeType, type MessageWriter, nextAttribute, readBytes, readString } from '@tortie/netlink'
import { NftablesError } from '../errors.ts'
import { readVerdict, type Verdict, writeVerdict } from '../verdict.ts'
import { findAttribute, valueEnd } from '../wire/attribute.ts'
import { getU32 } from '../wire/number.ts'
import type { Expression, ExpressionKind } from './expression.ts'
import { type ExpressionRow, rows } from './rows.ts'

const NFTA_LIST_ELEM = 1
const NFTA_EXPR_NAME = 1
const NFTA_EXPR_DATA = 2
const NFTA_IMMEDIATE_DREG = 1
const NFTA_IMMEDIATE_DATA = 2
const NFT_REG_VERDICT = 0

const byKind = new Map<ExpressionKind, ExpressionRow>(rows.map((row) => [row.kind, row]))
const byName = Map.groupBy(rows, (row) => row.name)

/** Every kind of expression, for tests of completeness. */
export const expressionKinds: readonly ExpressionKind[] = [...byKind.keys(), 'verdict', 'unknown']

/** Writes a list of expressions as the attribute `type`. */
export function writeExpressions(writer: MessageWriter, type: number, expressions: readonly Expression[]): void {
  writer.beginNested(type)
  for (const expression of expressions) writeExpression(writer, expression)
  writer.endNested()
}

/** Writes one element of NFTA_RULE_EXPRESSIONS. */
export function writeExpression(writer: MessageWriter, expression: Expression): void {
  writer.beginNested(NFTA_LIST_ELEM)
  if (expression.kind === 'verdict') {
    writer.attrString(NFTA_EXPR_NAME, 'immediate').beginNested(NFTA_EXPR_DATA)
    writer.attrU32Be(NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT)
    writeVerdict(writer, NFTA_IMMEDIATE_DATA, expression.verdict)
  } else if (expression.kind === 'unknown') {
    writer.attrString(NFTA_EXPR_NAME, expression.name).beginNested(NFTA_EXPR_DATA).raw(expression.data)
  } else {
    const row = byKind.get(expression.kind)
    if (row === undefined)
      throw new NftablesError('nftables/bad-value', { what: 'expression', why: `no kind ${expression.kind}` })
    writer.attrString(NFTA_EXPR_NAME, row.name).beginNested(NFTA_EXPR_DATA)
    row.write(writer, expression)
  }
  writer.endNested().endNested()
}

/** Reads the contents of NFTA_RULE_EXPRESSIONS. @throws NftablesError `nftables/malformed` */
export function readExpressions(view: DataView, start: number, end: number): Expression[] {
  const expressions: Expression[] = []
  for (let at = start; at < end; at = nextAttribute(view, at, end))
    if (attributeType(view, at) === NFTA_LIST_ELEM)
      expressions.push(readExpression(view, at + 4, valueEnd(view, at, end)))
  return expressions
}

/** Reads one expression: NFTA_EXPR_NAME and NFTA_EXPR_DATA between `start` and `end`. */
export function readExpression(view: DataView, start: number, end: number): Expression {
  const nameAt = findAttribute(view, NFTA_EXPR_NAME, start, end)
  const name = nameAt < 0 ? '' : readString(view, nameAt + 4, valueEnd(view, nameAt, end))
  const dataAt = findAttribute(view, NFTA_EXPR_DATA, start, end)
  const dataStart = dataAt < 0 ? end : dataAt + 4
  const dataEnd = dataAt < 0 ? end : valueEnd(view, dataAt, end)
  const find = (type: number): number => findAttribute(view, type, dataStart, dataEnd)
  const number = (type: number): number => {
    const at = find(type)
    return at < 0 ? 0 : getU32(view, at + 4, valueEnd(view, at, dataEnd))
  }
  if (name === 'immediate' && number(NFTA_IMMEDIATE_DREG) === NFT_REG_VERDICT)
    return { kind: 'verdict', verdict: readVerdictData(view, find(NFTA_IMMEDIATE_DATA), dataEnd) }
  const row = byName.get(name)?.find(({ is }) => is((type) => find(type) >= 0, number))
  if (row === undefined) return { kind: 'unknown', name, data: readBytes(view, dataStart, dataEnd).slice() }
  return row.read(view, dataStart, dataEnd) as Expression
}

/** nft_data { DATA_VERDICT { … } } of the attribute at `at`. */
function readVerdictData(view: DataView, at: number, end: number): Verdict {
  if (at < 0) throw new NftablesError('nftables/malformed', { what: 'verdict without data' })
  const stop = valueEnd(view, at, end)
  return readVerdict(view, at + 8, valueEnd(view, at + 4, stop))
}
