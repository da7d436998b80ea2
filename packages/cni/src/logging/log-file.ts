import { appendFileSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { makeDirectory } from '../files/make-directory.ts'
import type { LogOptions } from './options.ts'

/** A sink for whole lines. Never throws: a log that cannot be written must not fail a command. */
export type Sink = (line: string) => void

/**
 * Appends to a file that several processes share; an append of one line is atomic. At `maxSizeBytes` it is renamed and
 * compressed, and backups beyond count or age go.
 */
export function createLogFile(options: LogOptions, nowMs: () => number, complain: Sink): Sink {
  let usable = options.file !== ''
  let prepared = false
  return (line) => {
    if (!usable) return
    try {
      if (!prepared) makeDirectory(dirname(options.file), 0o755)
      prepared = true
      if (sizeOf(options.file) + line.length > options.maxSizeBytes) rotate(options, nowMs())
      appendFileSync(options.file, line, { mode: 0o644 })
    } catch (error) {
      usable = false
      complain(`cannot write log_file_path ${options.file}: ${error instanceof Error ? error.message : error}\n`)
    }
  }
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0
}

function rotate(options: LogOptions, nowMs: number): void {
  const { file } = options
  const stamp = new Date(nowMs).toISOString().replaceAll(':', '-')
  const moved = `${file}.${stamp}.${process.pid}`
  try {
    renameSync(file, moved)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return // another process was first
    throw error
  }
  const { zstdCompressSync } = process.getBuiltinModule('node:zlib')
  writeFileSync(`${moved}.zst`, zstdCompressSync(readFileSync(moved)), { mode: 0o644 })
  rmSync(moved)
  removeOld(options, nowMs)
}

function removeOld({ file, maxAgeMs, maxCount }: LogOptions, nowMs: number): void {
  const backups = readdirSync(dirname(file))
    .filter((name) => name.startsWith(`${basename(file)}.`) && name.endsWith('.zst'))
    .sort()
    .reverse()
  for (const [i, name] of backups.entries()) {
    const path = join(dirname(file), name)
    const ageMs = nowMs - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0)
    if (i >= maxCount || ageMs > maxAgeMs) rmSync(path, { force: true })
  }
}
