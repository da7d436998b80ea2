import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { run } from '../testing/transcript.ts'
import { type InputObject, readObjects } from './documents.ts'

const dir = mkdtempSync(join(tmpdir(), 'tortie-ctl-'))
afterAll(() => rmSync(dir, { recursive: true }))

const write = (name: string, text: string): string => {
  mkdirSync(join(dir, name, '..'), { recursive: true })
  writeFileSync(join(dir, name), text)
  return join(dir, name)
}
const pool = (name: string): string =>
  `apiVersion: projectcalico.org/v3\nkind: IPPool\nmetadata: {name: ${name}}\nspec: {cidr: 10.0.0.0/8}\n`
const read = (path: string, recursive = false, stdin = ''): Promise<InputObject[]> =>
  readObjects(path, { recursive, skipEmpty: false }, { stdin: async () => stdin })
const never = () => Promise.reject(new Error('nothing was piped'))
const names = async (path: string, recursive = false): Promise<string[]> =>
  (await read(path, recursive)).map(({ resource }) => resource.metadata.name)

describe('readObjects', () => {
  it('reads documents, arrays and lists', async () => {
    expect(await names(write('a.yaml', `---\n${pool('a')}---\n${pool('b')}`))).toEqual(['a', 'b'])
    const list = {
      apiVersion: 'projectcalico.org/v3',
      kind: 'IPPoolList',
      items: [{ metadata: { name: 'c' }, spec: {} }],
    }
    const single = { ...list.items[0], kind: 'IPPool', apiVersion: list.apiVersion }
    expect(await names(write('b.json', JSON.stringify([list, single])))).toEqual(['c', 'c'])
  })

  it('reads standard input', async () => {
    const [object] = await read('-', false, pool('a'))
    expect(object).toMatchObject({ resource: { metadata: { name: 'a' } }, place: 'standard input, document 1, line 1' })
  })

  it('skips documents with nothing but comments', async () => {
    expect(await names(write('c.yaml', `# nothing\n---\n${pool('a')}---\n`))).toEqual(['a'])
  })

  it('separates at lines that begin with three dashes, whatever follows', async () => {
    const [, second] = await read(write('e.yaml', `${pool('a')}----x\r\n# more\n${pool('b')}`))
    expect(second).toMatchObject({ resource: { metadata: { name: 'b' } }, place: expect.stringMatching(/2, line 7$/) })
  })

  it('reads directories in name order, deeper ones only when asked', async () => {
    write('d/2.yml', pool('two'))
    write('d/1.yaml', pool('one'))
    write('d/deep/4.YAML', pool('four'))
    write('d/notes.txt', 'no')
    expect(await names(join(dir, 'd'))).toEqual(['one', 'two'])
    expect(await names(join(dir, 'd'), true)).toEqual(['one', 'two', 'four'])
  })

  it('takes numbers and booleans where text belongs, as calicoctl', async () => {
    const text = pool('1').replace('{name: 1}', '{name: 1, labels: {release: 2, live: true}, generation: 3}')
    const [object] = await read(write('f.yaml', text))
    expect(object?.resource.metadata).toEqual({ name: '1', labels: { release: '2', live: 'true' }, generation: 3 })
  })

  it('knows fields in any letter case, and says where they stand', async () => {
    const text = pool('a').replace('spec: {cidr', 'Spec:\n  {natoutgoing: true,\n  CIDR')
    const [object] = await read(write('case.yaml', text))
    expect(object?.resource.spec).toEqual({ natOutgoing: true, cidr: '10.0.0.0/8' })
    const wrong = read(write('case-unknown.yaml', text.replace('CIDR', 'Sauce')))
    await expect(wrong).rejects.toThrow(/: Sauce \(spec.Sauce; .*, document 1, line 6\)/)
  })

  it('resolves plain scalars and merge keys as YAML 1.1, without its times and numbers of base 60', async () => {
    const text = pool('a').replace(
      '{name: a}',
      '{name: a, labels: &l {yes: on, b: off, oct: 010, hex: 0x1F, wide: 1_000, range: 80:90, day: 2020-01-02, quoted: "yes"}}',
    )
    const [object] = await read(write('yaml11.yaml', text.replace('cidr', 'natOutgoing: yes, disabled: No, cidr')))
    expect(object?.resource.metadata.labels).toEqual({
      true: 'true',
      b: 'false',
      oct: '8',
      hex: '31',
      wide: '1000',
      range: '80:90',
      day: '2020-01-02',
      quoted: 'yes',
    })
    expect(object?.resource.spec).toEqual({ natOutgoing: true, disabled: false, cidr: '10.0.0.0/8' })
    const [first, second] = await read(
      write('merge.yaml', `- &a\n  ${pool('a').trim().replaceAll('\n', '\n  ')}\n- <<: *a\n  metadata: {name: b}\n`),
    )
    expect(second?.resource).toEqual({ ...first?.resource, metadata: { name: 'b' } })
  })

  it('keeps integers digit for digit', async () => {
    const path = write('g.yaml', pool('a').replace('cidr: 10.0.0.0/8', 'later: 18446744073709551615'))
    const [object] = await readObjects(
      path,
      { recursive: false, skipEmpty: false, keepUnknown: true },
      { stdin: never },
    )
    expect(object?.resource.spec).toEqual({ later: 18446744073709551615n })
  })

  it.each([
    [
      'unknown.yaml',
      'apiVersion: v1\nkind: Pod\n',
      /^unknown resource type \(Pod\) and\/or version \(v1\) \(.*unknown\.yaml, document 1, line 1; write .*IPPool/,
    ],
    ['internal.yaml', pool('a').replace('IPPool', 'IPAMBlock'), /unknown resource type \(IPAMBlock\)/],
    ['list.yaml', 'apiVersion: v1\nkind: List\nitems: []\n', /unknown resource type \(List\)/],
    ['second.yaml', `${pool('a')}---\n- just text\n`, /^an object .* expected \(.*second.yaml, document 2, line 6\)$/],
    ['syntax.yaml', `${pool('a')}---\nkind: [unclosed\n`, /^Flow sequence .*\(.*syntax\.yaml, document 2, line 7\)$/],
    [
      'type.yaml',
      `${pool('a')}---\n${pool('b').replace('spec: {', 'spec: {\n  disabled: perhaps, ')}`,
      /^error with field spec\.disabled = 'perhaps' \(must be true or false\) \(.*type\.yaml, document 2, line 10\)$/,
    ],
    [
      'port.yaml',
      'apiVersion: projectcalico.org/v3\nkind: BGPPeer\nmetadata: {name: a}\nspec:\n  asNumber: -1\n',
      /^error with field spec\.asNumber = '-1' \(.*port\.yaml, document 1, line 5\)$/,
    ],
    ['twice.yaml', 'kind: A\nkind: B\n', /^Map keys must be unique \(.*twice.yaml, document 1, line 2\)$/],
    ['alias.yaml', `a: &a [b]\nc: ${'[*a, '.repeat(120)}${']'.repeat(120)}\n`, /^Excessive alias count.*document 1/],
    [
      'field.yaml',
      pool('a').replace('{cidr: 10.0.0.0/8}', '\n  cidr: 10.0.0.0/8\n  cdir: x'),
      /^field in document is not recognized or is in the wrong location: cdir \(spec\.cdir; .*field\.yaml, document 1, line 6\)$/,
    ],
    [
      'item.yaml',
      `- ${pool('a').replaceAll('\n', '\n  ')}\n- ${pool('b').replaceAll('\n', '\n  ')}\n  extra: 1\n`,
      /location: extra \(.*item.yaml, document 1, line 11\)$/,
    ],
    ['empty.yaml', '', /^no resources specified in file .*empty\.yaml$/],
  ])('says where %s is wrong', async (name, text, message) => {
    await expect(read(write(name, text))).rejects.toThrow(message)
  })

  /** What is wrong with the 7,654th of 10,000, each of four lines and a separator. */
  it.each([
    [
      'syntax',
      (text: string) => text.replace('spec: {', 'spec: ['),
      /^Flow .*\(.*syntax\.yaml, document 7654, line 38269\)$/,
    ],
    [
      'kind',
      (text: string) => text.replace('IPPool', 'IPool'),
      /^unknown resource type \(IPool\).*document 7654, line 38266;/,
    ],
    [
      'field',
      (text: string) => text.replace('cidr', 'cdir'),
      /location: cdir \(.*field\.yaml, document 7654, line 38269\)$/,
    ],
  ])('finds one of wrong %s among 10,000 documents', { timeout: 120_000 }, async (name, spoil, message) => {
    const documents = Array.from({ length: 10_000 }, (_, index) => pool(`pool-${index}`))
    documents[7653] = spoil(documents[7653] ?? '')
    const file = write(`many/${name}.yaml`, documents.join('---\n'))
    const begun = performance.now()
    await expect(read(file)).rejects.toThrow(message)
    // A quiet machine takes about 2 s; what grew with the square of the number would take minutes.
    expect(performance.now() - begun).toBeLessThan(60_000)
  })

  it('finds the one among 10,000 objects that its kind does not allow', { timeout: 120_000 }, async () => {
    const documents = Array.from({ length: 10_000 }, (_, index) => pool(`pool-${index}`))
    documents[7653] = documents[7653]?.replace('10.0.0.0/8', '10.0.0.0/33') ?? ''
    const file = write('many/value.yaml', documents.join('---\n'))
    expect(await run(['validate', '-f', file], { environment: {} })).toEqual({
      code: 1,
      stdout: "Partial success: validated the first 9999 out of 10000 'IPPool' resources:\n",
      stderr: expect.stringMatching(
        /^hit error: \[error .*10\.0\.0\.0\/33.* \(.*value\.yaml, document 7654, line 38266\)\]\n$/s,
      ),
    })
  })

  it('says which file is missing, or which directory empty', async () => {
    await expect(names(join(dir, 'missing.yaml'))).rejects.toThrow(/^open .*missing\.yaml: no such file or directory$/)
    mkdirSync(join(dir, 'bare'))
    await expect(names(join(dir, 'bare'))).rejects.toThrow(/^no resources specified in directory .*bare$/)
  })
})
