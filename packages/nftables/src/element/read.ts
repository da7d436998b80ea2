import { attributeEnd, attributeType, nextAttribute, readBytes } from '@tortie/netlink'
import type { Element } from '../object/object.ts'
import { readVerdict } from '../verdict.ts'
import { data as dataFormat } from '../wire/field.ts'
import { code } from './code.ts'

/** Reads one element: the contents of its NFTA_LIST_ELEM. @throws NftablesError, NetlinkError when malformed */
export function readElement(view: DataView, start: number, end: number): Element {
  const element: { -readonly [K in keyof Element]: Element[K] | undefined } = {}
  for (let at = start; at < end; at = nextAttribute(view, at, end)) {
    const from = at + 4
    const to = attributeEnd(view, at)
    switch (attributeType(view, at)) {
      case code.KEY:
        element.key = dataFormat.read(view, from, to)
        break
      case code.KEY_END:
        element.keyEnd = dataFormat.read(view, from, to)
        break
      case code.FLAGS:
        if ((view.getUint32(from) & code.INTERVAL_END) !== 0) element.intervalEnd = true
        break
      case code.TIMEOUT:
        element.timeoutMs = view.getBigUint64(from)
        break
      case code.EXPIRATION:
        element.expirationMs = view.getBigUint64(from)
        break
      case code.USERDATA:
        element.userData = readBytes(view, from, to).slice()
        break
      case code.DATA:
        if (attributeType(view, from) === code.DATA_VERDICT)
          element.verdict = readVerdict(view, from + 4, attributeEnd(view, from))
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
    const stop = attributeEnd(view, at)
    for (let item = at + 4; item < stop; item = nextAttribute(view, item, stop))
      if (attributeType(view, item) === code.LIST_ELEM) visit(item + 4, attributeEnd(view, item))
  }
}
