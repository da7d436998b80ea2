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
  it('merges maps, replaces lists, deletes with null', async () => {
    const { metadata, spec } = await patch(
      '{"metadata":{"labels":{"b":null,"c":"3"}},"spec":{"allowedUses":["Workload"]}}',
    )
    expect(metadata.labels).toEqual({ a: '1', c: '3' })
    expect(spec).toEqual({ cidr: '10.0.0.0/8', allowedUses: ['Workload'] })
  })
  it('reads YAML too', async () => {
    expect((await patch('spec: {natOutgoing: true}')).spec.natOutgoing).toBe(true)
  })
  it('reads fields and labels as files are read', async () => {
    const { metadata, spec } = await patch('{"metadata":{"labels":{"c":3}},"spec":{"NATOutgoing":true}}')
    expect([metadata.labels?.c, spec.natOutgoing]).toEqual(['3', true])
  })
  it('knows the directives of a strategic patch', async () => {
    expect((await patch('{"metadata":{"labels":{"$patch":"replace","z":"9"}}}')).metadata.labels).toEqual({ z: '9' })
    expect((await patch('{"metadata":{"labels":{"$patch":"delete"}}}')).metadata.labels).toBeUndefined()
  })
  it('applies JSON patches and says which failed', async () => {
    expect((await patch('[{"op":"replace","path":"/spec/cidr","value":"10.0.0.0/9"}]', 'json')).spec.cidr).toBe(
      '10.0.0.0/9',
    )
    await expect(patch('[{"op":"test","path":"/spec/cidr","value":"x"}]', 'json')).rejects.toThrow(
      /performing JSON patch/,
    )
    await expect(patch('{}', 'json')).rejects.toThrow(/RFC 6902/)
  })
  it('leaves the original as it was', async () => {
    await patch('[{"op":"remove","path":"/spec/cidr"}]', 'json')
    expect(pool.spec.cidr).toBe('10.0.0.0/8')
  })
  it('refuses what is no patch', async () => {
    await expect(patch('{"a":')).rejects.toThrow(/performing strategic merge patch/)
    await expect(patch('just text')).rejects.toThrow(/has to be an object/)
  })
})
