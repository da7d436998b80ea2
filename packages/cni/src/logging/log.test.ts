import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { zstdDecompressSync } from 'node:zlib'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { parseNetworkConfig } from '../config/network-config.ts'
import { createCniLog } from './log.ts'
import { type LogOptions, logOptions } from './options.ts'

let dir: string
let errors: string[]
let nowMs: number
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'tortie-cni-log-'))
  errors = []
  nowMs = Date.UTC(2026, 7, 10, 12)
})
afterEach(() => rmSync(dir, { recursive: true }))
const options = (more: Partial<LogOptions> = {}): LogOptions => ({
  ...logOptions(parseNetworkConfig('{"name":"net"}'), 'cni-plugin'),
  file: join(dir, 'deep', 'cni.log'),
  ...more,
})
const open = (given: LogOptions) =>
  createCniLog(
    given,
    () => nowMs++,
    (line) => void errors.push(line),
  )

it('writes the same line to standard error and the file', () => {
  open(options())
    .with({ containerId: 'c1' })
    .info('cni.done', { revision: 3n, error: new Error('why') })
  const line = `2026-08-10 12:00:00.000 [INFO][${process.pid}] cni-plugin: cni.done containerId="c1" revision="3" error="why"\n`
  expect(errors).toEqual([line])
  expect(readFileSync(join(dir, 'deep', 'cni.log'), 'utf8')).toBe(line)
})

it.each([
  ['debug', 4],
  ['INFO', 3],
  ['Warning', 2],
  ['error', 1],
  ['loud', 3],
])('log_level %s lets %d of four lines through', (log_level, count) => {
  const log = open({ ...logOptions(parseNetworkConfig(JSON.stringify({ name: 'net', log_level })), 'ipam'), file: '' })
  log.debug('a')
  log.info('b')
  log.warn('c')
  log.error('d')
  expect(errors).toHaveLength(count)
})

it('rotates by size, compresses, and keeps no more than asked', () => {
  const log = open(options({ maxSizeBytes: 200, maxCount: 2 }))
  for (let i = 0; i < 12; i++) log.info(`event-${i}`, { text: 'x'.repeat(60) })
  const backups = readdirSync(join(dir, 'deep'))
    .filter((name) => name.endsWith('.zst'))
    .sort()
  expect(backups).toHaveLength(2)
  const newest = zstdDecompressSync(readFileSync(join(dir, 'deep', backups[1]!))).toString()
  expect(newest).toContain('event-')
  expect(readdirSync(join(dir, 'deep')).sort()).toEqual(['cni.log', ...backups])
})

it('says once that the file cannot be written, and goes on', () => {
  writeFileSync(join(dir, 'deep'), '')
  const log = open(options())
  log.info('a')
  log.info('b')
  expect(errors.filter((line) => line.startsWith('cannot write log_file_path'))).toHaveLength(1)
  expect(errors.filter((line) => line.includes('cni-plugin:'))).toHaveLength(2)
})
