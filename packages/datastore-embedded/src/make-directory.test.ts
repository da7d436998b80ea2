import { mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { makeDirectory } from './make-directory.ts'

const parent = mkdtempSync(join(tmpdir(), 'tortie-directory-'))
afterAll(() => rmSync(parent, { recursive: true }))

it('makes what is missing, for its owner alone, and is content with what is there', () => {
  const deep = join(parent, 'a', 'b')
  for (let times = 0; times < 2; times++) makeDirectory(deep)
  for (const path of [deep, join(parent, 'a')]) expect(statSync(path).mode & 0o777).toBe(0o700)
})

it('ends where nothing can be made', () => {
  const dangling = join(parent, 'dangling')
  symlinkSync('/proc/nothing', dangling)
  for (const path of ['/proc/nothing', '/proc/nothing/below', dangling])
    expect(() => makeDirectory(path)).toThrow(/ENOENT|EEXIST/)
})

it('does not take a file for a directory', () => {
  writeFileSync(join(parent, 'file'), '')
  expect(() => makeDirectory(join(parent, 'file'))).toThrow(/EEXIST/)
  expect(() => makeDirectory(join(parent, 'file', 'below'))).toThrow(/ENOTDIR/)
})
