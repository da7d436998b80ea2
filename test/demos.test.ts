import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const main = (demo: string): string => fileURLToPath(new URL(`../examples/${demo}/main.ts`, import.meta.url))

interface End {
  readonly code: number | null
  readonly printed: string
}

function run(demo: string): Promise<End> {
  const child = spawn(process.execPath, [main(demo)], { stdio: ['ignore', 'pipe', 'pipe'] })
  let printed = ''
  const note = (chunk: Buffer): void => {
    printed += chunk.toString()
  }
  child.stdout.on('data', note)
  child.stderr.on('data', note)
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, printed })))
}

// What the README's first commands start, as a new user would.
it.each(['three-hosts', 'bgp-fabric'])('%s: every cell is as the policy says', async (demo) => {
  const { code, printed } = await run(demo)
  expect(printed).toContain('Every cell is as the policy says.')
  expect(printed).not.toContain('✗')
  expect(code).toBe(0)
})
