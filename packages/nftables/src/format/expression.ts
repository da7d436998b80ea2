import type { Expression, ExpressionOf } from '../expression/expression.ts'
import type { Family } from '../object/family.ts'
import { formatVerdict } from '../verdict.ts'
import { comparisonText, type Pending, rangeText } from './comparison.ts'
import { type Loaded, loads, metaText, offsetText, tcpOption } from './loads.ts'
import { natText, statementText } from './statement.ts'
import { constantText, numberText } from './value.ts'

/** How to write sets that have no name: text of `{ 80, 443 }`. */
export type AnonymousSets = (lookup: ExpressionOf<'lookup'>) => string | undefined

/**
 * Expressions as nft would write them: what is loaded into registers is named where it is used. What has no nft words is
 * shown in angle brackets.
 */
export function formatExpressions(
  family: Family,
  expressions: readonly Expression[],
  anonymous: AnonymousSets = () => undefined,
): string {
  const printer = new Printer(family, anonymous)
  expressions.forEach((expression, i) => {
    printer.print(expression, expressions[i + 1])
  })
  return printer.words.join(' ')
}

class Printer {
  readonly words: string[] = []
  private readonly registers: (Loaded | undefined)[] = []
  /** Registers filled since something was last compared or looked up: fields of a concatenation. */
  private fresh: number[] = []
  private pending: Pending | undefined
  private known: { layer?: 'ip' | 'ip6' | 'arp' | undefined; protocol?: number | undefined }
  private readonly anonymous: AnonymousSets

  constructor(family: Family, anonymous: AnonymousSets) {
    this.anonymous = anonymous
    this.known = family === 'ip' || family === 'ip6' || family === 'arp' ? { layer: family } : {}
  }

  print(expression: Expression, next: Expression | undefined): void {
    const load = loads[expression.kind] as ((expression: Expression, known: Printer['known']) => Loaded) | undefined
    if (load && 'dreg' in expression) {
      this.fill(expression.dreg as number, load(expression, this.known))
      return
    }
    switch (expression.kind) {
      case 'bitwise':
        this.change(expression, ({ mask, xor }) => ({ mask, xor }))
        break
      case 'byteorder':
        this.change(expression, () => ({ order: 'network' }))
        break
      case 'shift':
        this.shift(expression)
        break
      case 'jhash':
        this.hash(expression)
        break
      case 'cmp':
        this.compare(expression, next)
        break
      case 'range':
        this.words.push(rangeText(this.at(expression.sreg), expression.op, expression.from, expression.to))
        this.fresh = []
        break
      case 'lookup':
        this.lookup(expression)
        break
      default:
        this.words.push(this.statement(expression))
    }
  }

  private at(register: number): Loaded {
    return this.registers[register] ?? { text: `<register ${register}>`, size: 4, order: 'host' }
  }

  private fill(register: number, loaded: Loaded): void {
    this.registers[register] = loaded
    this.fresh.push(register)
  }

  private change<E extends { readonly sreg: number; readonly dreg: number }>(
    expression: E,
    how: (expression: E) => Partial<Loaded>,
  ): void {
    this.registers[expression.dreg] = { ...this.at(expression.sreg), ...how(expression) }
  }

  private shift({ sreg, dreg, direction, bits }: ExpressionOf<'shift'>): void {
    const from = this.at(sreg)
    this.registers[dreg] = { ...from, text: `${from.text} ${direction === 'left' ? '<<' : '>>'} ${bits}` }
  }

  private hash({ sreg, dreg, modulus, seed, offset }: ExpressionOf<'jhash'>): void {
    const seedText = seed === undefined ? '' : ` seed 0x${seed.toString(16)}`
    const text = `jhash ${this.concatenation(sreg)} mod ${modulus}${seedText}${offsetText(offset)}`
    this.fresh = []
    this.fill(dreg, { text, size: 4, order: 'host' })
  }

  private compare(expression: ExpressionOf<'cmp'>, next: Expression | undefined): void {
    const { sreg, op, data } = expression
    const loaded = this.at(sreg)
    if (op === 'gte' && next?.kind === 'cmp' && next.op === 'lte' && next.sreg === sreg) {
      this.pending = { sreg, from: data }
      return
    }
    if (this.pending?.sreg === sreg && op === 'lte') this.words.push(rangeText(loaded, 'eq', this.pending.from, data))
    else this.words.push(comparisonText(loaded, op, data))
    this.pending = undefined
    this.fresh = []
    if (op === 'eq' && !loaded.mask) this.learn(loaded.text, data)
  }

  private learn(text: string, data: Uint8Array): void {
    const [first, second] = data
    if (text === 'meta nfproto')
      this.known = { ...this.known, layer: first === 2 ? 'ip' : first === 10 ? 'ip6' : undefined }
    else if (text === 'meta l4proto') this.known = { ...this.known, protocol: first }
    else if (text === 'meta protocol' && first === 8) this.known = { ...this.known, layer: second === 6 ? 'arp' : 'ip' }
    else if (text === 'meta protocol' && first === 0x86) this.known = { ...this.known, layer: 'ip6' }
  }

  private concatenation(sreg: number): string {
    const from = this.fresh.indexOf(sreg)
    return (from < 0 ? [sreg] : this.fresh.slice(from)).map((register) => this.at(register).text).join(' . ')
  }

  private lookup(expression: ExpressionOf<'lookup'>): void {
    const { sreg, dreg, set, inverted } = expression
    const fields = this.concatenation(sreg)
    const name = this.anonymous(expression) ?? `@${set}`
    this.fresh = []
    if (dreg === 'verdict') this.words.push(`${fields} vmap ${name}`)
    else if (dreg !== undefined) this.fill(dreg, { text: `${fields} map ${name}`, size: 4, order: 'host' })
    else this.words.push(`${fields} ${inverted ? '!= ' : ''}${name}`)
  }

  private statement(expression: Expression): string {
    switch (expression.kind) {
      case 'meta-set':
        return `${metaText(expression.key)} set ${this.value(expression.sreg, loads.meta?.({ ...expression, kind: 'meta', dreg: 0 }, {}))}`
      case 'ct-set':
        return `ct ${expression.key} set ${this.value(expression.sreg, loads.ct?.({ ...expression, kind: 'ct', dreg: 0 }, {}))}`
      case 'payload-set':
        return this.payloadSet(expression)
      case 'exthdr-set': {
        const { type, offset, len, sreg } = expression
        return `${tcpOption(type, offset, len)} set ${this.value(sreg, { text: '', size: len, order: 'network' })}`
      }
      case 'nat':
      case 'masq':
      case 'redir':
        return natText(expression, (register) => this.at(register))
      case 'verdict':
        return formatVerdict(expression.verdict)
      default:
        return statementText(expression, this.known.layer)
    }
  }

  /** What a register holds, to be given to something of the type of `target`. */
  private value(register: number, target: Loaded | undefined): string {
    const { text, constant, mask, xor } = this.at(register)
    const like = target ?? this.at(register)
    if (constant) return constantText(like, constant)
    if (!mask) return text
    const changed = xor?.some((byte) => byte !== 0) ? ` ^ ${numberText(xor, like.order)}` : ''
    return `${text} & ${numberText(mask, like.order)}${changed}`
  }

  private payloadSet(expression: ExpressionOf<'payload-set'>): string {
    const { base, offset, len, sreg } = expression
    const { mask, xor } = this.at(sreg)
    const word = base === 'network' && offset === 0 && len === 2 ? numberText(mask ?? new Uint8Array(2), 'network') : ''
    const [high = 0, low = 0] = xor ?? []
    // RFC 2474: the six bits of the DSCP are set within a word of the header
    if (word === '0xff03') return `ip dscp set ${low >> 2}`
    if (word === '0xf03f') return `ip6 dscp set ${(high << 2) | (low >> 6)}`
    const target = loads.payload?.({ kind: 'payload', base, offset, len, dreg: 0 }, this.known)
    return `${target?.text} set ${this.value(sreg, target)}`
  }
}
