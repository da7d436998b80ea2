import { closeSync, openSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import type { Expected, KeyRange, RawEntry, RawEvent, RawListing, RawOutcome } from '@tortie/datastore'
import { EmbeddedStoreError } from './errors.ts'
import { makeDirectory } from './make-directory.ts'

/** "Tort", in the header of the database file. */
const applicationId = 0x54_6f_72_74
const formatVersion = 1

/**
 * `log` has one row per revision, without the value: a watcher gets it from `kv` if it is still the one of that revision,
 * else a later row tells. The last row is never forgotten, so that no revision is used twice.
 * PERF: AUTOINCREMENT instead would write one page more with each commit: 15 % fewer commits, bench/datastore.
 */
const schema = `
  CREATE TABLE kv (key TEXT PRIMARY KEY, rev INTEGER NOT NULL, value TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE log (rev INTEGER PRIMARY KEY, key TEXT NOT NULL, deleted INTEGER NOT NULL);
  PRAGMA application_id = ${applicationId};
  PRAGMA user_version = ${formatVersion};`

const statements = {
  read: 'BEGIN',
  write: 'BEGIN IMMEDIATE',
  commit: 'COMMIT',
  get: 'SELECT key, value, rev FROM kv WHERE key = ?',
  list: 'SELECT key, value, rev FROM kv WHERE key >= ? AND key < ?',
  put: `INSERT INTO kv (key, rev, value) VALUES (?, ?, ?)
    ON CONFLICT (key) DO UPDATE SET rev = excluded.rev, value = excluded.value`,
  remove: 'DELETE FROM kv WHERE key = ?',
  log: 'INSERT INTO log (key, deleted) VALUES (?, ?)',
  last: 'SELECT max(rev) FROM log',
  first: 'SELECT min(rev) FROM log',
  forget: 'DELETE FROM log WHERE rev <= ? AND rev < (SELECT max(rev) FROM log)',
  changes: `SELECT log.rev, log.key, log.deleted, kv.value
    FROM log LEFT JOIN kv ON kv.key = log.key AND kv.rev = log.rev
    WHERE log.rev > ? AND log.key >= ? AND log.key < ? ORDER BY log.rev LIMIT ?`,
} as const

export interface Changes {
  readonly events: readonly RawEvent[]
  readonly revision: number
}

/**
 * One connection, synchronous. Every method is one transaction, and throws SQLite's own error when another process has
 * the lock: the same again will do then.
 */
export class Database {
  readonly #file: string
  readonly #identity: string | undefined
  readonly #db: DatabaseSync
  readonly #prepared = new Map<keyof typeof statements, StatementSync>()

  private constructor(file: string, db: DatabaseSync) {
    this.#file = file
    this.#db = db
    this.#identity = identityOf(file)
  }

  /** Makes the directory and the database when they are absent, unless told otherwise. @throws EmbeddedStoreError, errors of fs and SQLite */
  static open(directory: string, { create = true }: { readonly create?: boolean } = {}): Database {
    const file = join(directory, 'tortie.db')
    if (!create && identityOf(file) === undefined) throw new EmbeddedStoreError('embedded/absent', { path: directory })
    createPrivately(directory, file)
    const db = new DatabaseSync(file)
    try {
      prepare(db, file)
      return new Database(file, db)
    } catch (error) {
      db.close()
      throw error
    }
  }

  /** Unless `current`, what is written here would be lost. */
  state(): 'current' | 'replaced' | 'removed' {
    const now = identityOf(this.#file)
    if (now === this.#identity) return 'current'
    return now === undefined ? 'removed' : 'replaced'
  }

  get(key: string): RawEntry | undefined {
    return readEntry(this.#statement('get').get(key))
  }

  list({ from, to }: KeyRange): RawListing {
    return this.#transaction('read', () => {
      const rows = this.#statement('list').all(from, to) as unknown as Row[]
      return { entries: rows.map(entryOf), revision: String(this.#revision('last')) }
    })
  }

  /** @param history how many revisions are kept for watchers that are behind */
  swap(key: string, expected: Expected, value: string | undefined, history: number): RawOutcome {
    return this.#transaction('write', () => {
      const entry = this.get(key)
      if (!isExpected(expected, entry)) return { done: false, ...(entry && { current: entry }) }
      const revision = Number(this.#statement('log').run(key, value === undefined ? 1 : 0).lastInsertRowid)
      if (value === undefined) this.#statement('remove').run(key)
      else this.#statement('put').run(key, revision, value)
      // A few rows at a time, so that no writer waits long for it.
      if (revision % forgetEvery === 0) this.#statement('forget').run(revision - history)
      return { done: true, revision: String(revision), ...(entry && { previous: entry }) }
    })
  }

  /** Changes after `after`, at most `limit`; undefined when history since then is no longer known. */
  changes({ from, to }: KeyRange, after: number, limit: number): Changes | undefined {
    return this.#transaction('read', () => {
      const last = this.#revision('last')
      if (after < this.#revision('first') - 1 || after > last) return undefined
      if (after === last) return { events: [], revision: last }
      const rows = this.#statement('changes').all(after, from, to, limit) as unknown as ChangeRow[]
      return { events: rows.flatMap(eventOf), revision: rows.length < limit ? last : (rows.at(-1)?.[0] ?? last) }
    })
  }

  /** Forgets history up to `revision`. */
  compact(revision: number): void {
    this.#statement('forget').run(revision)
  }

  close(): void {
    this.#db.close()
  }

  /** 0 when nothing was ever written. */
  #revision(which: 'first' | 'last'): number {
    return (this.#statement(which).get() as unknown as readonly [number | null])[0] ?? 0
  }

  #transaction<T>(begin: 'read' | 'write', work: () => T): T {
    this.#statement(begin).run()
    try {
      const result = work()
      this.#statement('commit').run()
      return result
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK')
      throw error
    }
  }

  #statement(name: keyof typeof statements): StatementSync {
    let statement = this.#prepared.get(name)
    if (statement === undefined) {
      statement = this.#db.prepare(statements[name])
      statement.setReturnArrays(true)
      this.#prepared.set(name, statement)
    }
    return statement
  }
}

const forgetEvery = 64

type Row = readonly [key: string, value: string, rev: number]
type ChangeRow = readonly [rev: number, key: string, deleted: 0 | 1, value: string | null]

function entryOf([key, value, rev]: Row): RawEntry {
  return { key, value, revision: String(rev) }
}

function readEntry(row: unknown): RawEntry | undefined {
  return row === undefined ? undefined : entryOf(row as Row)
}

/** Nothing for a put that a later one replaced: that one follows. */
function eventOf([rev, key, deleted, value]: ChangeRow): RawEvent[] {
  const revision = String(rev)
  if (deleted === 1) return [{ type: 'delete', key, revision }]
  return value === null ? [] : [{ type: 'put', key, value, revision }]
}

function isExpected(expected: Expected, entry: RawEntry | undefined): boolean {
  if (expected === 'absent') return entry === undefined
  return entry !== undefined && (expected === 'present' || expected.revision === entry.revision)
}

/**
 * The directory is for its owner alone, and so is the file: SQLite gives its rights to the files beside it. A database
 * that is there is not opened here: closing it would drop the locks that this process has on it.
 */
function createPrivately(directory: string, file: string): void {
  makeDirectory(directory)
  try {
    closeSync(openSync(file, 'wx', 0o600))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

function prepare(db: DatabaseSync, file: string): void {
  if (isFresh(db, file)) {
    db.exec('PRAGMA journal_mode = WAL')
    db.exec('BEGIN IMMEDIATE')
    // Another process may have been first.
    if (isFresh(db, file)) db.exec(schema)
    db.exec('COMMIT')
  }
  db.exec('PRAGMA synchronous = FULL')
}

/** Whether there is nothing yet. @throws EmbeddedStoreError for a database that is not ours or of another format */
function isFresh(db: DatabaseSync, path: string): boolean {
  const read = (pragma: string): number => Number(Object.values(db.prepare(`PRAGMA ${pragma}`).get() ?? {})[0])
  const [id, version] = [read('application_id'), read('user_version')]
  if (id === applicationId && version === formatVersion) return false
  if (id === applicationId)
    throw new EmbeddedStoreError('embedded/version', { path, found: version, known: formatVersion })
  const empty = db.prepare('SELECT count(*) AS n FROM sqlite_schema').get()?.n === 0
  if (id !== 0 || version !== 0 || !empty) throw new EmbeddedStoreError('embedded/foreign', { path })
  return true
}

function identityOf(file: string): string | undefined {
  const stat = statSync(file, { throwIfNoEntry: false })
  return stat && `${stat.dev}:${stat.ino}`
}
