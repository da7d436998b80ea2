import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '@tortie/runtime/system'
import { recordingLog } from '@tortie/runtime/testing'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { followSecrets, type SecretChange } from './secrets.ts'

let directory: string
const stop = new AbortController()
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tortie-secrets-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

function start(at: string, looked = () => {}) {
  const clock = { ...systemClock, sleep: async () => looked() } // looks again at once
  const changes = followSecrets(at, { clock, log: recordingLog() }, { signal: stop.signal })
  return async (): Promise<readonly SecretChange[] | undefined> => (await changes.next()).value
}

it('reads all files, then what changed, then what is gone', async () => {
  mkdirSync(join(directory, 'rack'))
  mkdirSync(join(directory, '..data-of-a-mount'))
  writeFileSync(join(directory, 'rack', 'md5'), 'first\n')
  symlinkSync('md5', join(directory, 'rack', 'linked'))
  const next = start(directory)
  expect(await next()).toEqual([
    { name: 'rack', key: 'linked', value: 'first' },
    { name: 'rack', key: 'md5', value: 'first' },
  ])
  rmSync(join(directory, 'rack', 'linked'))
  writeFileSync(join(directory, 'rack', 'md5'), 'second')
  expect(await next()).toEqual([
    { name: 'rack', key: 'md5', value: 'second' },
    { name: 'rack', key: 'linked', value: undefined },
  ])
})

it('has no secrets where there is no directory, until there is one', async () => {
  const next = start(join(directory, 'later'))
  expect(await next()).toEqual([])
  mkdirSync(join(directory, 'later', 'mesh'), { recursive: true })
  writeFileSync(join(directory, 'later', 'mesh', 'key'), 'k')
  expect(await next()).toEqual([{ name: 'mesh', key: 'key', value: 'k' }])
})

it('keeps what it has read while nothing can be read', async () => {
  mkdirSync(join(directory, 'rack'))
  writeFileSync(join(directory, 'rack', 'md5'), 'first')
  const looked = Promise.withResolvers<void>()
  const next = start(directory, looked.resolve)
  expect(await next()).toEqual([{ name: 'rack', key: 'md5', value: 'first' }])
  rmSync(directory, { recursive: true })
  symlinkSync(directory, directory) // a loop
  const later = next()
  await looked.promise
  // At once: it looks while this is done.
  const whole = `${directory}-whole`
  mkdirSync(join(whole, 'rack'), { recursive: true })
  writeFileSync(join(whole, 'rack', 'md5'), 'second')
  symlinkSync(whole, `${directory}-link`)
  renameSync(`${directory}-link`, directory)
  expect(await later).toEqual([{ name: 'rack', key: 'md5', value: 'second' }])
  rmSync(whole, { recursive: true })
})
