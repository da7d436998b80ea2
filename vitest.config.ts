import { defineConfig } from 'vitest/config'

const source = { conditions: ['@tortie/source'] }
const shared = { resolve: source, ssr: { resolve: source } }

// Kernel tests enter network namespaces, so each file has a process of its own.
export default defineConfig({
  test: {
    projects: [
      {
        ...shared,
        test: {
          name: 'unit',
          include: ['{packages,apps}/*/src/**/*.test.ts', 'tools/**/*.test.ts'],
          exclude: ['**/*.kernel.test.ts', '**/node_modules/**'],
          pool: 'threads',
          isolate: false,
          testTimeout: 30_000,
        },
      },
      {
        ...shared,
        test: {
          name: 'kernel',
          include: ['{packages,apps}/*/src/**/*.kernel.test.ts', 'test/**/*.test.ts'],
          exclude: ['**/node_modules/**'],
          pool: 'forks',
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
})
