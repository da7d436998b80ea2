import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { hostIn } from '../testing/host.ts'
import { run } from '../testing/transcript.ts'
import { createProgress } from './progress.ts'

const dir = mkdtempSync(join(tmpdir(), 'tortie-terminal-'))
afterAll(() => rmSync(dir, { recursive: true }))
const terminal = join(dir, 'terminal-host')
mkdirSync(terminal)
writeFileSync(join(terminal, 'terminal'), '')

/** What work of `steps`, each of `stepMs`, shows. */
function shown(host: string, steps: number, stepMs: number): string {
  let now = 0
  let text = ''
  const stderr = (more: string): void => {
    text += more
  }
  const shell = { host: hostIn(host), stderr }
  const progress = createProgress('applied', steps, shell, { monotonicMs: () => now })
  for (let step = 0; step < steps; step++) {
    now += stepMs
    progress.step()
  }
  progress.end()
  return text
}

describe('progress', () => {
  it('is shown after a second, not too often, and taken away', () => {
    expect(shown(terminal, 14, 100)).toBe(`\rapplied 10 of 14\rapplied 12 of 14\rapplied 14 of 14\r${' '.repeat(16)}\r`)
  })
  it('is not shown of short work', () => expect(shown(terminal, 9, 100)).toBe(''))
  it('is not shown elsewhere than on a terminal', () => expect(shown(dir, 14, 100)).toBe(''))
})

describe('colours', () => {
  const input = 'apiVersion: projectcalico.org/v3\nkind: Tier\nmetadata: {name: late}\nspec: {order: 7}\n'
  const diff = async (host: string, more: Readonly<Record<string, string>> = {}): Promise<string> => {
    const environment = { TORTIE_EMBEDDED_PATH: join(dir, 'store'), ...more }
    await run(['apply', '-f', '-'], { environment, host, input: input.replace('late', 'other') })
    const { stdout } = await run(['diff', '-f', '-'], { environment, host, input })
    return stdout
  }
  const esc = String.fromCharCode(27)

  it('are on a terminal', async () => {
    const text = await diff(terminal)
    expect(text).toContain(`${esc}[32m+kind: Tier${esc}[39m`)
  })
  it('are nowhere else, nor where NO_COLOR forbids them', async () => {
    expect(await diff(dir)).not.toContain(esc)
    expect(await diff(terminal, { NO_COLOR: '1' })).not.toContain(esc)
    expect(await diff(dir)).toContain('\n+kind: Tier\n')
  })
})
