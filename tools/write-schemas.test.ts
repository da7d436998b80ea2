import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crdOf, jsonSchema, type Kind, kinds } from '@tortie/model'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { parse } from 'yaml'

let dir: string
const tool = join(import.meta.dirname, 'write-schemas.ts')
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'tortie-schemas-'))
  execFileSync(process.execPath, ['--conditions=@tortie/source', tool, dir])
})
afterAll(() => rmSync(dir, { recursive: true }))

const read = (...path: string[]): string => readFileSync(join(dir, ...path), 'utf8')
const names = Object.keys(kinds) as Kind[]
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

it('writes a file for each CRD, which reads as the CRD', () => {
  const expected = names.filter((kind) => crdOf(kind) !== undefined)
  expect(readdirSync(join(dir, 'crds'))).toEqual(
    expected.map((kind) => `projectcalico.org_${kinds[kind].plural}.yaml`).sort(),
  )
  for (const kind of expected) {
    const text = read('crds', `projectcalico.org_${kinds[kind].plural}.yaml`)
    expect(parse(text)).toEqual(plain(crdOf(kind)))
    // Of YAML 1.1, which Kubernetes reads: no anchors, and what looks like another type is in quotes.
    expect(text).not.toMatch(/[:-] [&*]\w+$/m)
    expect(parse(text, { version: '1.1' })).toEqual(plain(crdOf(kind)))
  }
})

it('writes a JSON Schema for each kind', () => {
  expect(readdirSync(join(dir, 'schemas'))).toEqual(names.map((kind) => `${kind}.json`).sort())
  for (const kind of names) {
    const { $id, title, ...schema } = JSON.parse(read('schemas', `${kind}.json`))
    expect([$id, title]).toEqual([`https://projectcalico.org/v3/${kind}`, kind])
    expect(schema).toEqual(plain(jsonSchema(kind)))
  }
})

it('is part of the build, so that a package has what its source says', () => {
  const { scripts, exports } = JSON.parse(
    readFileSync(join(import.meta.dirname, '../packages/model/package.json'), 'utf8'),
  )
  expect(scripts.build).toContain('tools/write-schemas.ts dist')
  expect(exports).toMatchObject({ './crds/*': './dist/crds/*', './schemas/*': './dist/schemas/*' })
})
