import { execFile } from 'node:child_process'
import { mkdtempSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

/** Runs a script of ./testing in a mount namespace of its own, where `directory` is a file system of 800 KiB. */
async function onSmallDisk(script: string, directory: string): Promise<string> {
  const file = fileURLToPath(new URL(`./testing/${script}`, import.meta.url))
  const command = 'mount -t tmpfs -o size=800k none "$1" && exec "$2" --conditions=@tortie/source "$3" "$1"'
  const args = ['--mount', 'sh', '-c', command, 'sh', directory, process.execPath, file]
  return (await promisify(execFile)('unshare', args)).stdout
}

it('a full disk makes the store unavailable until there is room, and loses nothing', async ({ onTestFinished }) => {
  const directory = mkdtempSync(join(tmpdir(), 'tortie-full-'))
  onTestFinished(() => rmdirSync(directory))
  const said = JSON.parse(await onSmallDisk('full-disk.ts', directory))
  expect(said).toMatchObject({ unavailable: true, done: true })
  expect(said.refusal).toContain(`the datastore ${directory}/store cannot be reached: the disk is full; free space`)
  expect(said.written).toBeGreaterThan(20)
  expect(said.whileFull).toBe(said.written)
  expect(said.afterwards).toBe(said.written + 1)
})
