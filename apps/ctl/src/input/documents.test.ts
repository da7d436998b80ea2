import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { readObjects } from './documents.ts'

const dir = mkdtempSync(join(tmpdir(), 'tortie-ctl-'))
afterAll(() => rmSync(dir, { recursive: true }))

const write = (name: string, text: string): string => {
  mkdirSync(join(dir, name, '..'), { recursive: true })
  writeFileSync(join(dir, name), text)
  return join(dir, name)
}
const pool = (name: string): string =>
  `apiVersion: projectcalico.org/v3\nkind: IPPool\nmetadata: {name: ${name}}\nspec: {cidr: 10.0.0.0/8}\n`
const names = (path: string, recursive = false): string[] =>
  readObjects(path, { recursive, skipEmpty: false }).map(({ resource }) => resource.metadata.name)

describe('readObjects', () => {
  it('reads documents, arrays and lists', () => {
    expect(names(write('a.yaml', `---\n${pool('a')}---\n${pool('b')}`))).toEqual(['a', 'b'])
    const list = {
      apiVersion: 'projectcalico.org/v3',
      kind: 'IPPoolList',
      items: [{ metadata: { name: 'c' }, spec: {} }],
    }
    expect(
      names(write('b.json', JSON.stringify([list, { ...list.items[0], kind: 'IPPool', apiVersion: list.apiVersion }]))),
    ).toEqual(['c', 'c'])
  })

  it('skips documents with nothing but comments', () => {
    expect(names(write('c.yaml', `# nothing\n---\n${pool('a')}---\n`))).toEqual(['a'])
  })

  it('reads directories in name order, deeper ones only when asked', () => {
    write('d/2.yml', pool('two'))
    write('d/1.yaml', pool('one'))
    write('d/deep/3.json', '[]')
    write('d/deep/4.YAML', pool('four'))
    write('d/notes.txt', 'no')
    expect(names(join(dir, 'd'))).toEqual(['one', 'two'])
    expect(names(join(dir, 'd'), true)).toEqual(['one', 'two', 'four'])
  })

  it.each([
    [
      'unknown.yaml',
      'apiVersion: v1\nkind: Pod\n',
      /unknown\.yaml, document 1, line 1: unknown resource type \(Pod\) and\/or version \(v1\)/,
    ],
    ['second.yaml', `${pool('a')}---\n- just text\n`, /document 2, line \d+: an object is expected/],
    ['syntax.yaml', 'kind: [unclosed\n', /syntax\.yaml, document 1: .*line/s],
    ['twice.yaml', 'kind: A\nkind: B\n', /Map keys must be unique/],
    [
      'field.yaml',
      `${pool('a')}  cdir: x\n`.replace('spec: {cidr: 10.0.0.0/8}', 'spec:'),
      /not recognized or is in the wrong location: spec\.cdir \(.*field\.yaml, document 1/,
    ],
    ['empty.yaml', '', /no resources specified in file .*empty\.yaml/],
  ])('says where %s is wrong', (name, text, message) => {
    expect(() => readObjects(write(name, text), { recursive: false, skipEmpty: false })).toThrow(message)
  })

  it('says which file is missing', () => {
    expect(() => names(join(dir, 'missing.yaml'))).toThrow(/missing\.yaml: no such file or directory/)
  })
})
