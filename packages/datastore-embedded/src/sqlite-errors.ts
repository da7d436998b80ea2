import { DatastoreError } from '@tortie/datastore'
import { TortieError } from '@tortie/runtime'
import { EmbeddedStoreError } from './errors.ts'

/** Primary result codes of SQLite (sqlite.org/rescode.html). */
const SQLITE = {
  PERM: 3,
  BUSY: 5,
  LOCKED: 6,
  READONLY: 8,
  IOERR: 10,
  CORRUPT: 11,
  FULL: 13,
  CANTOPEN: 14,
  NOTADB: 26,
} as const

function resultCode(error: unknown): number | undefined {
  const code = (error as { readonly errcode?: unknown } | null)?.errcode
  return typeof code === 'number' ? code & 0xff : undefined
}

/** Another process is writing, or recovers after one that was killed: the same again will do. */
export function isBusy(error: unknown): boolean {
  const code = resultCode(error)
  return code === SQLITE.BUSY || code === SQLITE.LOCKED
}

/** What an error of SQLite or of the file system means to a user of the store. Others are returned as they are. */
export function explain(error: unknown, path: string): unknown {
  if (error instanceof TortieError) return error
  const cause = { cause: error }
  const why = error instanceof Error ? error.message : String(error)
  switch (resultCode(error)) {
    case SQLITE.FULL:
      return unavailable(path, 'the disk is full; free space and it goes on', error)
    case SQLITE.BUSY:
    case SQLITE.LOCKED:
      return unavailable(path, 'another process has kept it locked; look for one that is stopped', error)
    case SQLITE.IOERR:
      return unavailable(path, `reading or writing failed (${why}); look at the disk and the kernel log`, error)
    case SQLITE.CANTOPEN:
    case SQLITE.PERM:
    case SQLITE.READONLY:
      return new EmbeddedStoreError('embedded/not-writable', { path, why }, cause)
    case SQLITE.NOTADB:
      return new EmbeddedStoreError('embedded/foreign', { path }, cause)
    case SQLITE.CORRUPT:
      return new EmbeddedStoreError('embedded/corrupt', { path, why }, cause)
    default:
      return explainFile(error, path)
  }
}

function unavailable(store: string, why: string, cause: unknown): DatastoreError {
  return new DatastoreError('Unavailable', { store, why }, { cause })
}

const notDirectory = new Set(['ENOTDIR', 'EEXIST'])
const fileReasons: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  ENOENT: 'it cannot be made there',
  EROFS: 'the file system is read-only',
}

function explainFile(error: unknown, path: string): unknown {
  const code = String((error as { readonly code?: unknown } | null)?.code)
  if (notDirectory.has(code)) return new EmbeddedStoreError('embedded/not-a-directory', { path }, { cause: error })
  const why = fileReasons[code]
  if (why !== undefined) return new EmbeddedStoreError('embedded/not-writable', { path, why }, { cause: error })
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return unavailable(path, 'the disk is full; free space and it goes on', error)
  return error
}
