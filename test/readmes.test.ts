import { spawnSync } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

/** A fenced `ts` block of a README is a program: it runs, from source, and ends well. */
const programs = globSync('packages/*/README.md').flatMap((file) =>
  [...readFileSync(file, 'utf8').matchAll(/^```ts[^\n]*\n(.*?)^```/gms)].map(([, code = ''], index) => ({
    file,
    index,
    code,
  })),
)

describe('READMEs', () => {
  it('exist with an example in every package', () => {
    const missing = globSync('packages/*/').filter((dir) => !programs.some(({ file }) => file.startsWith(`${dir}/`)))
    expect(missing).toEqual([])
  })

  it.each(programs)('$file, example $index', ({ code }) => {
    const args = ['--conditions=@tortie/source', '--input-type=module-typescript', '-']
    const { status, stderr } = spawnSync('node', args, { input: code, encoding: 'utf8', timeout: 30_000 })
    expect({ status, stderr: stderr.replace(/^.*Warning.*$/gm, '').trim() }).toEqual({ status: 0, stderr: '' })
  })
})
