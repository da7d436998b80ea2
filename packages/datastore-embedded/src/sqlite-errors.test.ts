import { DatabaseSync } from 'node:sqlite'
import { DatastoreError } from '@tortie/datastore'
import { expect, it } from 'vitest'
import { EmbeddedStoreError } from './errors.ts'
import { explain, isBusy } from './sqlite-errors.ts'

function failure(work: () => unknown): unknown {
  try {
    work()
  } catch (error) {
    return error
  }
  throw new Error('it did not fail')
}

it('a full database says so, and may be tried again', () => {
  const db = new DatabaseSync(':memory:')
  db.exec('PRAGMA max_page_count = 4; CREATE TABLE t (x)')
  const insert = db.prepare('INSERT INTO t VALUES (zeroblob(2000))')
  const error = explain(
    failure(() => {
      for (;;) insert.run()
    }),
    '/store',
  )
  expect(error).toMatchObject({ code: 'Unavailable', retryable: true })
  expect(String(error)).toContain('the datastore /store cannot be reached: the disk is full; free space and it goes on')
})

it.each([
  ['EDQUOT', 'Unavailable'],
  ['ENOSPC', 'Unavailable'],
  ['EACCES', 'embedded/not-writable'],
  ['EROFS', 'embedded/not-writable'],
  ['ENOTDIR', 'embedded/not-a-directory'],
])('of the file system, %s means %s', (code, expected) => {
  expect(explain(Object.assign(new Error(code), { code }), '/store')).toMatchObject({ code: expected })
})

it('leaves what it does not know and what is explained', () => {
  const unknown = new TypeError('a bug')
  const known = new EmbeddedStoreError('embedded/foreign', { path: '/store' })
  const shared = new DatastoreError('Closed', { store: '/store' })
  expect([unknown, known, shared].map((error) => explain(error, '/store'))).toEqual([unknown, known, shared])
  expect([isBusy(unknown), isBusy(undefined)]).toEqual([false, false])
})
