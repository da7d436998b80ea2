import { NetlinkError } from '../errors.ts'

/** `ee:ee:ee:ee:ee:ee` as 6 bytes. @throws NetlinkError `netlink/bad-request` */
export function parseMac(text: string): Uint8Array {
  if (!/^[0-9a-fA-F]{1,2}(:[0-9a-fA-F]{1,2}){5}$/.test(text))
    throw new NetlinkError('netlink/bad-request', {
      operation: `link-layer address '${text}'`,
      why: 'write six bytes as aa:bb:cc:dd:ee:ff',
    })
  return Uint8Array.from(text.split(':'), (byte) => Number.parseInt(byte, 16))
}

/** Lower case, two digits a byte, of any length. */
export function formatMac(view: DataView, start: number, end: number): string {
  let text = ''
  for (let at = start; at < end; at++) {
    if (at > start) text += ':'
    text += view.getUint8(at).toString(16).padStart(2, '0')
  }
  return text
}
