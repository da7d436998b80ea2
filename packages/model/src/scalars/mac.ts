import { badValue } from './bad-value.ts'

const pair = '[0-9a-fA-F]{2}'
const quad = '[0-9a-fA-F]{4}'
/** 6, 8 or 20 octets, as Go reads them. */
const forms = [5, 7, 19].flatMap((more) => [
  new RegExp(`^${pair}(?::${pair}){${more}}$`),
  new RegExp(`^${pair}(?:-${pair}){${more}}$`),
  new RegExp(`^${quad}(?:\\.${quad}){${(more - 1) / 2}}$`),
])

/** Lower case with colons, from any of the usual spellings. @throws ModelError `model/bad-value` */
export function canonicalMac(text: string): string {
  if (!forms.some((form) => form.test(text))) badValue('MAC address', text, 'write it as ee:ee:ee:ee:ee:ee')
  return (text.replace(/[:.-]/g, '').toLowerCase().match(/../g) ?? []).join(':')
}
