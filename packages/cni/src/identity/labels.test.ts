import fc from 'fast-check'
import { expect, it } from 'vitest'
import { parseNetworkConfig } from '../config/network-config.ts'
import { readWorkload, sanitizeLabel } from './labels.ts'

const config = (labels: readonly { key: string; value: string }[]) =>
  parseNetworkConfig(
    JSON.stringify({ name: 'net', args: { 'org.apache.mesos': { network_info: { labels: { labels } } } } }),
  )

it.each([
  ['app', 'app'],
  ['app.kubernetes.io/name', 'app.kubernetes.io.name'],
  ['a b  c', 'a-b-c'],
  ['a-./-b', 'a.b'],
  ['--a--b--', 'a--b'],
  ['..a__b..', 'a__b'],
  ['ä', ''],
])('label text %o becomes %o', (given, made) => {
  expect(sanitizeLabel(given)).toBe(made)
})

it('makes anything a label, and a label of it again the same', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const label = sanitizeLabel(text)
      expect(label).toMatch(/^([a-zA-Z0-9_]([-_.a-zA-Z0-9]*[a-zA-Z0-9_])?)?$/)
      expect(sanitizeLabel(label)).toBe(label)
    }),
  )
})

it('takes labels and namespace from args', () => {
  const labels = [
    { key: 'app', value: 'web/1' },
    { key: 'projectcalico.org/namespace', value: 'prod' },
  ]
  expect(readWorkload(config(labels))).toEqual({ namespace: 'prod', labels: { app: 'web.1' } })
})

it('is in namespace default without one, or in that of the test', () => {
  expect(readWorkload(config([]))).toEqual({ namespace: 'default', labels: {} })
  expect(readWorkload(config([]), 'test').namespace).toBe('test')
})
