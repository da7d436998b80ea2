import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { lockFile } from './index.ts'

let dir: string
let path: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'tortie-lock-'))
  path = join(dir, 'ipam.lock')
})
afterEach(() => rmSync(dir, { recursive: true }))

it('is held by one at a time, in the order they came', async ({ signal }) => {
  const order: string[] = []
  const hold = async (name: string): Promise<void> => {
    using _ = await lockFile(path, { signal })
    order.push(`${name} in`)
    await new Promise(setImmediate)
    order.push(`${name} out`)
  }
  await Promise.all(['a', 'b', 'c'].map(hold))
  expect(order.map((step) => step.split(' ')[1])).toEqual(['in', 'out', 'in', 'out', 'in', 'out'])
})

it('is free when its holder dies', async ({ signal }) => {
  ;(await lockFile(path, { signal }))[Symbol.dispose]()
  const holder = spawn('flock', [path, 'sh', '-c', 'echo held; exec sleep 60'], { detached: true })
  await once(holder.stdout, 'data')
  const waiting = lockFile(path, { signal })
  process.kill(-(holder.pid ?? 0), 'SIGKILL')
  ;(await waiting)[Symbol.dispose]()
})

it('is not kept by one who gave up', async ({ signal }) => {
  const first = await lockFile(path, { signal })
  const stop = new AbortController()
  const second = lockFile(path, stop)
  stop.abort(new Error('enough'))
  first[Symbol.dispose]()
  await expect(second).rejects.toThrow('enough')
  ;(await lockFile(path, { signal }))[Symbol.dispose]()
})

it('needs its directory', async ({ signal }) => {
  await expect(lockFile(join(dir, 'none', 'lock'), { signal })).rejects.toThrow()
})
