import { defineConfig } from 'tsup'

/** One file for each thread: an agent that was killed is back sooner. Native code stays a package beside them. */
export default defineConfig({
  entry: { main: 'src/main.ts', bgp: 'src/bgp/worker.ts' },
  splitting: false,
  format: ['esm'],
  target: 'node24',
  platform: 'node',
  clean: true,
  sourcemap: true,
  silent: true,
  noExternal: [/.*/],
  external: ['koffi'],
  removeNodeProtocol: false,
  esbuildOptions(options) {
    options.conditions = ['@tortie/source']
  },
  banner: {
    // pino and prom-client are CommonJS and call `require` for what Node has.
    js: "#!/usr/bin/env node\nimport { createRequire as makeRequire } from 'node:module'\nconst require = makeRequire(import.meta.url)",
  },
})
