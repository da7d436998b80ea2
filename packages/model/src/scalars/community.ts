import { badValue } from './bad-value.ts'

/** BGP communities: `first:second` of 16 bits each, or `first:second:third` of 32 bits each (RFC 1997, RFC 8092). */
const form = /^[0-9]{1,20}(?::[0-9]{1,20}){1,2}$/

/** The two or three numbers of a community. @throws ModelError `model/bad-value` */
export function parseCommunity(text: string): readonly number[] {
  if (!form.test(text)) badValue('community', text, 'invalid community value or format used; write aa:nn or aa:nn:mm')
  const parts = text.split(':').map(Number)
  const bits = parts.length === 2 ? 16 : 32
  if (parts.some((part) => part >= 2 ** bits))
    badValue('community', text, `invalid community value, expected ${bits} bit value`)
  return parts
}
