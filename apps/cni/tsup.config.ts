import { cpSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { defineConfig } from 'tsup'

const outDir = process.env.TORTIE_CNI_OUT ?? 'dist'

/** The native part beside the bundle, so that the folder works wherever it is copied to. */
function shipNativePart(): void {
  const from = dirname(createRequire(new URL('../../packages/linux/package.json', import.meta.url)).resolve('koffi'))
  const to = join(outDir, 'node_modules')
  const needed = /(\.cjs|package\.json|LICENSE\.txt)$/
  for (const entry of readdirSync(from, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    if (entry.isFile() && needed.test(entry.name) && !/\/(lib|vendor|doc)\//.test(path.slice(from.length)))
      cpSync(path, join(to, 'koffi', path.slice(from.length)))
  }
  const binaries = join(dirname(from), '@koromix')
  cpSync(binaries, join(to, basename(binaries)), { recursive: true })
}

/** Two files: the messenger to the agent, small, and what does the work without one, read only then. */
export default defineConfig({
  entry: ['src/main.ts', 'src/standalone.ts'],
  format: ['cjs'],
  target: 'node24',
  platform: 'node',
  clean: true,
  outDir,
  sourcemap: true,
  silent: true,
  minify: true,
  splitting: false,
  // `node:sqlite` has no other name.
  removeNodeProtocol: false,
  noExternal: [/^(?!koffi$)/],
  external: ['koffi'],
  onSuccess: () => Promise.resolve(shipNativePart()),
  banner: { js: '#!/usr/bin/env node' },
  esbuildOptions(options) {
    // `require`, not `import()`, which would start the module loader of ESM.
    options.supported = { 'dynamic-import': false }
    options.conditions = ['@tortie/source']
  },
  esbuildPlugins: [
    {
      name: 'standalone-beside-main',
      setup(build) {
        build.onResolve({ filter: /\/standalone\.ts$/ }, ({ kind }) =>
          kind === 'dynamic-import' ? { path: './standalone.cjs', external: true } : undefined,
        )
      },
    },
  ],
})
