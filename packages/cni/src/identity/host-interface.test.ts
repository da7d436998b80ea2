import fc from 'fast-check'
import { expect, it } from 'vitest'
import { hostInterfaceName } from './host-interface.ts'

const hex = 'c0ffee0123456789c0ffee0123456789c0ffee0123456789c0ffee0123456789'

it.each([
  ['a short id goes whole', 'pod1', 'calipod1'],
  ['11 characters too', 'abcdefghijk', 'caliabcdefghijk'],
  ['a drawn id by its beginning, as Calico does', hex, 'calic0ffee01234'],
  ['a UUID too', '1b4e28ba-2fa1-11d2-883f-0016d3cca427', 'cali1b4e28ba-2f'],
  ['any other by its hash', 'web-server-1', 'cali8452cbe173b'],
])('%s: %s', (_, id, name) => {
  expect(hostInterfaceName(id)).toBe(name)
})

it('keeps apart containers whose ids begin alike', () => {
  expect(hostInterfaceName(`default-${hex}`)).not.toBe(hostInterfaceName(`default-d${hex.slice(1)}`))
})

it('is a name that the kernel takes', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,80}$/), (id) => {
      expect(hostInterfaceName(id)).toMatch(/^cali[^/\s]{1,11}$/)
    }),
  )
})
