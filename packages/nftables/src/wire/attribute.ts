import { attributeLength, attributeType, nextAttribute } from '@tortie/netlink'

/** Where the value of the attribute at `at` ends; it may reach up to `end`. @throws NetlinkError `netlink/malformed` */
export function valueEnd(view: DataView, at: number, end: number): number {
  return at + attributeLength(view, at, end)
}

/** Place of the first attribute of a type between `start` and `end`; -1 without it. */
export function findAttribute(view: DataView, type: number, start: number, end: number): number {
  for (let at = start; at < end; at = nextAttribute(view, at, end)) {
    valueEnd(view, at, end)
    if (attributeType(view, at) === type) return at
  }
  return -1
}
