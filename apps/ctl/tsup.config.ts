import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'tsup'

/** The same as ECMAScript modules; what Node gets otherwise is CommonJS, which asks for `require`. */
const yaml = join(dirname(fileURLToPath(import.meta.resolve('yaml/package.json'))), 'browser', 'index.js')

/** One file, whose parts are evaluated when a command first needs them: a command is there in the time Node takes to start. */
export default defineConfig({
  entry: ['src/main.ts'],
  format: ['esm'],
  target: 'node24',
  platform: 'node',
  clean: true,
  sourcemap: true,
  silent: true,
  splitting: false,
  // `node:sqlite` has no other name.
  removeNodeProtocol: false,
  noExternal: [/.*/],
  banner: { js: '#!/usr/bin/env node' },
  esbuildOptions(options) {
    options.conditions = ['@tortie/source']
    options.alias = { yaml }
  },
})
