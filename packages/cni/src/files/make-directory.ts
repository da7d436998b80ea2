import { mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * Makes a directory and those above it that are missing. Node's own `recursive` never returns where a parent that exists
 * refuses with ENOENT, as /proc does. @throws errors of fs
 */
export function makeDirectory(path: string, mode: number): void {
  try {
    mkdirSync(path, { mode })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST' && isDirectory(path)) return
    const parent = dirname(path)
    if (code !== 'ENOENT' || parent === path || isDirectory(parent)) throw error
    makeDirectory(parent, mode)
    makeDirectory(path, mode)
  }
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}
