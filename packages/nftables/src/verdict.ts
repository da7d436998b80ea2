import type { MessageWriter } from '@tortie/netlink'
import { attributeType, nextAttribute, readString } from '@tortie/netlink'
import { NftablesError } from './errors.ts'
import { valueEnd } from './wire/attribute.ts'
import { getI32 } from './wire/number.ts'

/** What happens to the packet: linux/netfilter/nf_tables.h `enum nft_verdicts`, linux/netfilter.h. */
export type Verdict =
  | { readonly kind: 'accept' | 'drop' | 'continue' | 'break' | 'return' }
  /** `chain` is of the same table. */
  | { readonly kind: 'jump' | 'goto'; readonly chain: string }

const codes: Readonly<Record<Verdict['kind'], number>> = {
  drop: 0,
  accept: 1,
  continue: -1,
  break: -2,
  jump: -3,
  goto: -4,
  return: -5,
}
const kinds = new Map<number, Verdict['kind']>(
  (Object.keys(codes) as Verdict['kind'][]).map((kind) => [codes[kind], kind]),
)

const NFTA_DATA_VERDICT = 2
const NFTA_VERDICT_CODE = 1
const NFTA_VERDICT_CHAIN = 2

/** Writes a verdict as nft_data: DATA_VERDICT { CODE, CHAIN }, within the attribute `type`. */
export function writeVerdict(writer: MessageWriter, type: number, verdict: Verdict): void {
  writer.beginNested(type).beginNested(NFTA_DATA_VERDICT).attrU32Be(NFTA_VERDICT_CODE, codes[verdict.kind])
  if ('chain' in verdict) writer.attrString(NFTA_VERDICT_CHAIN, verdict.chain)
  writer.endNested().endNested()
}

/** Reads the contents of DATA_VERDICT. @throws NftablesError `nftables/malformed` */
export function readVerdict(view: DataView, start: number, end: number): Verdict {
  let code: number | undefined
  let chain = ''
  for (let at = start; at < end; at = nextAttribute(view, at, end)) {
    const type = attributeType(view, at)
    if (type === NFTA_VERDICT_CODE) code = getI32(view, at + 4, valueEnd(view, at, end))
    else if (type === NFTA_VERDICT_CHAIN) chain = readString(view, at + 4, valueEnd(view, at, end))
  }
  const kind = code === undefined ? undefined : kinds.get(code)
  if (kind === undefined) throw new NftablesError('nftables/malformed', { what: `verdict code ${code}` })
  return kind === 'jump' || kind === 'goto' ? { kind, chain } : { kind }
}

/** As nft writes it: `accept`, `jump x`. */
export function formatVerdict(verdict: Verdict): string {
  return 'chain' in verdict ? `${verdict.kind} ${verdict.chain}` : verdict.kind
}
