import { execFile } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { hostname, release, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import type { Call } from '@tortie/runtime'

/** This machine, as the commands on a node see it. */
export interface Host {
  readonly platform: string
  isRoot(): boolean
  isTerminal(stream: 'stdout' | 'stderr'): boolean
  hostname(): string
  /** Of the kernel, as `uname -r`. */
  release(): string
  now(): Date
  cwd(): string
  exists(path: string): boolean
  isDirectory(path: string): boolean
  /** That of a `.gz` as it was before. undefined when it is not there or not to be read. */
  readText(path: string): string | undefined
  processes(): readonly HostProcess[]
  signal(pid: number, signal: 'SIGUSR1'): void
  /** What a program says; undefined when there is none of that name. */
  run(program: string, args: readonly string[], call: Call): Promise<Ran | undefined>
  makeTempDir(): string
  /** With the directories above it. */
  writeText(path: string, text: string): void
  copyTree(from: string, to: string): void
  removeTree(path: string): void
}

export interface HostProcess {
  readonly pid: number
  readonly argv: readonly string[]
}

export interface Ran {
  /** null when a signal ended it. */
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export const systemHost: Host = {
  platform: process.platform,
  isRoot: () => process.geteuid?.() === 0,
  isTerminal: (stream) => process[stream].isTTY,
  hostname,
  release,
  now: () => new Date(),
  cwd: () => process.cwd(),
  exists: existsSync,
  isDirectory: (path) => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false,
  readText: readIfThere,
  processes: () =>
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map((pid) => ({ pid: Number(pid), argv: readIfThere(`/proc/${pid}/cmdline`)?.split('\0').slice(0, -1) ?? [] })),
  signal: (pid, signal) => void process.kill(pid, signal),
  run: runProgram,
  makeTempDir: () => mkdtempSync(join(tmpdir(), 'calico')),
  writeText(path, text) {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
  },
  copyTree: (from, to) => cpSync(from, to, { recursive: true }),
  removeTree: (path) => rmSync(path, { recursive: true, force: true }),
}

function readIfThere(path: string): string | undefined {
  try {
    return path.endsWith('.gz') ? gunzipSync(readFileSync(path)).toString() : readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

/** A program that goes on is ended after this. */
const longestMs = 60_000
const mostBytes = 256 * 1024 * 1024

function runProgram(program: string, args: readonly string[], { signal }: Call): Promise<Ran | undefined> {
  return new Promise((resolve, reject) => {
    const options = { signal, timeout: longestMs, maxBuffer: mostBytes }
    execFile(program, [...args], options, (error, stdout, stderr) => {
      if (signal.aborted) reject(signal.reason)
      else if (error && (error as NodeJS.ErrnoException).code === 'ENOENT') resolve(undefined)
      else resolve({ code: codeOf(error), stdout, stderr: stderr || (error ? `${error.message}\n` : '') })
    })
  })
}

function codeOf(error: { readonly code?: unknown } | null): number | null {
  if (!error) return 0
  return typeof error.code === 'number' ? error.code : null
}
