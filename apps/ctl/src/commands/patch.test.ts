import type { ResourceOf } from '@tortie/model'
import { describe, expect, it } from 'vitest'
import { type PatchType, patched } from './patch.ts'

const pool = {
  apiVersion: 'projectcalico.org/v3',
  kind: 'IPPool',
  metadata: { name: 'p', labels: { a: '1', b: '2' } },
  spec: { cidr: '10.0.0.0/8', allowedUses: ['Workload', 'Tunnel'] },
} as unknown as ResourceOf<'IPPool'>
const patch = (text: string, type: PatchType = 'strategic') => patched(pool, text, type)

describe('patched', () => {
  it('merges maps, replaces lists, deletes with null', () => {
    const { metadata, spec } = patch('{"metadata":{"labels":{"b":null,"c":"3"}},"spec":{"allowedUses":["Workload"]}}')
    expect(metadata.labels).toEqual({ a: '1', c: '3' })
    expect(spec).toEqual({ cidr: '10.0.0.0/8', allowedUses: ['Workload'] })
  })
  it('reads YAML too', () => {
    expect(patch('spec: {natOutgoing: true}').spec.natOutgoing).toBe(true)
  })
  it('knows the directives of a strategic patch', () => {
    expect(patch('{"metadata":{"labels":{"$patch":"replace","z":"9"}}}').metadata.labels).toEqual({ z: '9' })
    expect(patch('{"metadata":{"labels":{"$patch":"delete"}}}').metadata.labels).toBeUndefined()
  })
  it('applies JSON patches and says which failed', () => {
    expect(patch('[{"op":"replace","path":"/spec/cidr","value":"10.0.0.0/9"}]', 'json').spec.cidr).toBe('10.0.0.0/9')
    expect(() => patch('[{"op":"test","path":"/spec/cidr","value":"x"}]', 'json')).toThrow(/performing JSON patch/)
    expect(() => patch('{}', 'json')).toThrow(/RFC 6902/)
  })
  it('leaves the original as it was', () => {
    patch('[{"op":"remove","path":"/spec/cidr"}]', 'json')
    expect(pool.spec.cidr).toBe('10.0.0.0/8')
  })
  it('refuses what is no patch', () => {
    expect(() => patch('{"a":')).toThrow(/performing strategic merge patch/)
    expect(() => patch('just text')).toThrow(/has to be an object/)
  })
})
