import { readFileSync, writeFileSync } from 'node:fs'
import { CtlError, messageOf } from '../errors.ts'

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or directory',
  ENOTDIR: 'not a directory',
  EACCES: 'permission denied',
  EISDIR: 'is a directory',
}

/** What `work` does with a file, in calicoctl's words when it cannot. @throws CtlError `open F: permission denied` */
export function openFile<T>(path: string, work: () => T): T {
  try {
    return work()
  } catch (cause) {
    const { code = '' } = cause as NodeJS.ErrnoException
    throw new CtlError(`open ${path}: ${reasons[code] ?? messageOf(cause)}`, { cause })
  }
}

/** @throws CtlError */
export function readText(path: string): string {
  return openFile(path, () => readFileSync(path, 'utf8'))
}

/** @throws CtlError */
export function writeText(path: string, text: string, mode: number): void {
  openFile(path, () => writeFileSync(path, text, { mode }))
}
