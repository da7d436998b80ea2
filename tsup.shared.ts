import { readFileSync } from 'node:fs'
import { defineConfig } from 'tsup'

type Exports = Record<string, string | { readonly '@tortie/source'?: string }>

/** Entry points are what package.json exports: one list, not two. */
function entries(): string[] {
  const { exports } = JSON.parse(readFileSync('package.json', 'utf8')) as { exports: Exports }
  return Object.values(exports).flatMap((target) =>
    typeof target === 'object' && target['@tortie/source'] ? [target['@tortie/source']] : [],
  )
}

export default defineConfig({
  entry: entries(),
  format: ['esm'],
  target: 'node24',
  dts: false,
  // `node:sqlite` has no other name.
  removeNodeProtocol: false,
  clean: true,
  sourcemap: true,
  silent: true,
})
