import { expect, it } from 'vitest'
import type { AnyResource } from '../kinds/kind.ts'
import { recognizeFields } from './recognize-fields.ts'

const policy = (spec: object, metadata: object = {}): AnyResource =>
  ({
    apiVersion: 'projectcalico.org/v3',
    kind: 'GlobalNetworkPolicy',
    metadata: { name: 'x', ...metadata },
    spec,
  }) as AnyResource

it('knows fields in any letter case, at any depth', () => {
  const given = policy({ Order: 5, Egress: [{ Action: 'Allow', ICMP: { Type: 8 } }] })
  expect(recognizeFields(given)).toEqual(policy({ order: 5, egress: [{ action: 'Allow', icmp: { type: 8 } }] }))
})

it('leaves keys of maps, unknown fields and second spellings alone', () => {
  const given = policy({ order: 5, Order: 6, sauce: { Selector: 1 } }, { labels: { Order: 'first' } })
  expect(recognizeFields(given)).toEqual(given)
})

it('takes numbers and booleans for text where text belongs, and null in a map of texts for empty text', () => {
  const given = policy({ tier: 7, selector: true }, { name: 12, labels: { a: 1.5, b: true, c: null } })
  expect(recognizeFields(given)).toEqual(
    policy({ tier: '7', selector: 'true' }, { name: '12', labels: { a: '1.5', b: 'true', c: '' } }),
  )
})

it('keeps numbers where a number may stand, and what cannot be right', () => {
  const given = policy({ ingress: [{ protocol: 6, source: { ports: [80] } }], types: 'Ingress', tier: null })
  expect(recognizeFields(given)).toEqual(given)
})
