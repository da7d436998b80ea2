import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { makeDirectory } from './make-directory.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'tortie-cni-dir-'))
})
afterEach(() => rmSync(dir, { recursive: true }))

it('makes what is missing, and is content with what is there', () => {
  for (const _ of [1, 2]) makeDirectory(join(dir, 'a', 'b'), 0o700)
  expect(statSync(join(dir, 'a', 'b')).mode & 0o777).toBe(0o700)
})

it.each([
  ['a file in its place', () => join(dir, 'file')],
  ['a file above it', () => join(dir, 'file', 'a', 'b')],
  ['a place that takes none', () => '/proc/1/a/b'],
])('throws for %s', (_, path) => {
  writeFileSync(join(dir, 'file'), '')
  expect(() => makeDirectory(path(), 0o755)).toThrow()
})
