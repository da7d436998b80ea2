import { expect, it } from 'vitest'
import type { AnyResource } from '../kinds/kind.ts'
import { unknownFields } from './unknown-fields.ts'

const policy = (spec: object, metadata: object = {}): AnyResource =>
  ({
    apiVersion: 'projectcalico.org/v3',
    kind: 'NetworkPolicy',
    metadata: { name: 'x', ...metadata },
    spec,
  }) as AnyResource

it('names fields that the kind does not have, at any depth', () => {
  const spec = {
    selecter: 'all()',
    ingress: [
      { action: 'Allow', source: { net: ['10.0.0.0/8'] } },
      { action: 'Deny', sauce: 1 },
    ],
  }
  expect(unknownFields(policy(spec))).toEqual(['spec.selecter', 'spec.ingress[0].source.net', 'spec.ingress[1].sauce'])
})

it('accepts every field there is, free maps, and what Kubernetes adds', () => {
  const spec = {
    order: 1,
    ingress: [{ action: 'Allow', protocol: 'TCP', metadata: { annotations: { anything: 'goes' } } }],
  }
  expect(unknownFields(policy(spec, { labels: { 'a/b': 'c' }, managedFields: [{}] }))).toEqual([])
})
