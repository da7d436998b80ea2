import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { EndpointStatusFiles } from '@tortie/node'

/** Endpoint status files in `<prefix>/endpoint-status`, whole or absent, never half-written. Spec 02 §5.11. */
export function endpointStatusFiles(prefix: string): EndpointStatusFiles {
  const dir = join(prefix, 'endpoint-status')
  return {
    async read() {
      await mkdir(dir, { recursive: true, mode: 0o755 })
      const files = new Map<string, string>()
      for (const name of await readdir(dir)) {
        if (name.startsWith('.')) await rm(join(dir, name), { force: true })
        else files.set(name, await readFile(join(dir, name), 'utf8'))
      }
      return files
    },
    async write(changes) {
      for (const change of changes) {
        const path = join(dir, change.key)
        if (change.op === 'remove') await rm(path, { force: true })
        else {
          const temporary = join(dir, `.${process.pid}`)
          await writeFile(temporary, change.value, { mode: 0o644 })
          await rename(temporary, path)
        }
      }
    },
  }
}
