import { defineConfig } from 'tsup'

export default defineConfig({
  entry: ['src/main.ts'],
  format: ['cjs'],
  target: 'node24',
  platform: 'node',
  clean: true,
  sourcemap: true,
  silent: true,
  minify: true,
  // `node:sqlite` has no other name.
  removeNodeProtocol: false,
  noExternal: [/.*/],
  external: ['koffi'],
  banner: { js: '#!/usr/bin/env node' },
})
