import { attributeEnd, attributeType, type MessageWriter, nextAttribute, readBytes, readString } from '@tortie/netlink'
import { NftablesError } from '../errors.ts'
import { readVerdict, writeVerdict } from '../verdict.ts'
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
      expressions.push(readExpression(view, at + 4, attributeEnd(view, at)))
  return expressions
}

/** Reads one expression: NFTA_EXPR_NAME and NFTA_EXPR_DATA between `start` and `end`. */
export function readExpression(view: DataView, start: number, end: number): Expression {
  let name = ''
  let dataStart = end
  let dataEnd = end
  for (let at = start; at < end; at = nextAttribute(view, at, end)) {
    const type = attributeType(view, at)
    if (type === NFTA_EXPR_NAME) name = readString(view, at + 4, attributeEnd(view, at))
    else if (type === NFTA_EXPR_DATA) {
      dataStart = at + 4
      dataEnd = attributeEnd(view, at)
    }
  }
  const find = (type: number): number => {
    for (let at = dataStart; at < dataEnd; at = nextAttribute(view, at, dataEnd))
      if (attributeType(view, at) === type) return at
    return -1
  }
  const number = (type: number): number => {
    const at = find(type)
    return at < 0 || attributeEnd(view, at) - at < 8 ? 0 : view.getUint32(at + 4)
  }
  if (name === 'immediate' && number(NFTA_IMMEDIATE_DREG) === NFT_REG_VERDICT)
    return { kind: 'verdict', verdict: readVerdictData(view, find(NFTA_IMMEDIATE_DATA)) }
  const row = byName.get(name)?.find(({ is }) => is((type) => find(type) >= 0, number))
  if (row === undefined) return { kind: 'unknown', name, data: readBytes(view, dataStart, dataEnd).slice() }
  return row.read(view, dataStart, dataEnd) as Expression
}

/** nft_data { DATA_VERDICT { … } } of the attribute at `at`. */
function readVerdictData(view: DataView, at: number) {
  if (at < 0) throw new NftablesError('nftables/malformed', { what: 'verdict without data' })
  const inner = at + 4
  return readVerdict(view, inner + 4, attributeEnd(view, inner))
}
