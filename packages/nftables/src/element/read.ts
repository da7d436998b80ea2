import { attributeType, nextAttribute, readBytes } from '@tortie/netlink'
import type { Element } from '../object/object.ts'
import { readVerdict } from '../verdict.ts'
import { valueEnd } from '../wire/attribute.ts'
import { data as dataFormat } from '../wire/field.ts'
import { getU32, getU64 } from '../wire/number.ts'
import { code } from './code.ts'

/** Reads one element: the contents of its NFTA_LIST_ELEM. @throws NftablesError, NetlinkError when malformed */
export function readElement(view: DataView, start: number, end: number): Element {
  const element: { -readonly [K in keyof Element]: Element[K] | undefined } = {}
  for (let at = start; at < end; at = nextAttribute(view, at, end)) {
    const from = at + 4
    const to = valueEnd(view, at, end)
    switch (attributeType(view, at)) {
      case code.KEY:
        element.key = dataFormat.read(view, from, to)
        break
      case code.KEY_END:
        element.keyEnd = dataFormat.read(view, from, to)
        break
      case code.FLAGS:
        if ((getU32(view, from, to) & code.INTERVAL_END) !== 0) element.intervalEnd = true
        break
      case code.TIMEOUT:
        element.timeoutMs = getU64(view, from, to)
        break
      case code.EXPIRATION:
        element.expirationMs = getU64(view, from, to)
        break
      case code.USERDATA:
        element.userData = readBytes(view, from, to).slice()
        break
      case code.DATA:
        if (attributeType(view, from) === code.DATA_VERDICT)
          element.verdict = readVerdict(view, from + 4, valueEnd(view, from, to))
        else element.data = dataFormat.read(view, from, to)
        break
    }
  }
  return element as Element
}

/** Calls `visit` with the extent of each element of a NFTA_SET_ELEM_LIST message; `start` is behind the nfgenmsg. */
export function forEachElement(
  view: DataView,
  start: number,
  end: number,
  visit: (from: number, to: number) => void,
): void {
  for (let at = start; at < end; at = nextAttribute(view, at, end)) {
    if (attributeType(view, at) !== code.LIST_ELEMENTS) continue
    const stop = valueEnd(view, at, end)
    for (let item = at + 4; item < stop; item = nextAttribute(view, item, stop))
      if (attributeType(view, item) === code.LIST_ELEM) visit(item + 4, valueEnd(view, item, stop))
  }
}
