import { expect, it } from 'vitest'
import { formatYaml } from './documents.ts'

it('quotes as Calico writes YAML: doubly what were no text without quotes, singly what plain text cannot say', () => {
  const value = {
    number: '626',
    truth: 'yes',
    none: '',
    octal: '010',
    selector: "!has(role) && a == 'b'",
    address: '[ac13::57]:50',
    plain: "role == 'db'",
    cidr: 'fd00::/64',
    control: 'a\u0001',
    lines: 'one\ntwo\n',
    on: 1,
  }
  expect(formatYaml(value)).toBe(
    [
      "address: '[ac13::57]:50'",
      'cidr: fd00::/64',
      'control: "a\\x01"',
      'lines: |',
      '  one',
      '  two',
      'none: ""',
      'number: "626"',
      'octal: "010"',
      '"on": 1',
      "plain: role == 'db'",
      "selector: '!has(role) && a == ''b'''",
      'truth: "yes"',
      '',
    ].join('\n'),
  )
})
