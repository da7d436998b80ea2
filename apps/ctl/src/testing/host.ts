import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Host } from '../host.ts'

/**
 * A machine whose files are those under `root`: `root/etc/passwd` is its `/etc/passwd`. `root/processes` has a command
 * line on each line, `root/release` the kernel's version, `root/bin/NAME` what the program NAME says, `root/not-root`
 * makes the user no root, `root/terminal` the streams a terminal.
 */
export function hostIn(root: string): Host {
  const read = (path: string): string | undefined => {
    const file = join(root, path)
    return statSync(file, { throwIfNoEntry: false })?.isFile() ? readFileSync(file, 'utf8') : undefined
  }
  const lines = (path: string): readonly string[] => read(path)?.split('\n').filter(Boolean) ?? []
  return {
    platform: read('platform')?.trim() ?? 'linux',
    isRoot: () => !existsSync(join(root, 'not-root')),
    isTerminal: () => existsSync(join(root, 'terminal')),
    hostname: () => 'host-1',
    release: () => read('release')?.trim() ?? '',
    now: () => new Date('2026-08-10T12:34:56Z'),
    cwd: () => root,
    exists: (path) => existsSync(join(root, path)),
    isDirectory: (path) => statSync(join(root, path), { throwIfNoEntry: false })?.isDirectory() ?? false,
    readText: read,
    processes: () => lines('processes').map((line, at) => ({ pid: 100 + at, argv: line.split(' ') })),
    signal: (pid, signal) => appendTo(join(root, 'signals'), `${signal} ${pid}\n`),
    async run(program, args) {
      if (program === 'tar') {
        const [, archive = '', , , directory = ''] = args
        writeFileSync(archive, `archive of ${directory}\n`)
        return { code: 0, stdout: '', stderr: '' }
      }
      const said = read(`bin/${program}`)
      return said === undefined ? undefined : { code: 0, stdout: said, stderr: '' }
    },
    makeTempDir: () => mkdtempSync(join(existsSync(root) ? root : tmpdir(), 'calico')),
    writeText(path, text) {
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, text)
    },
    copyTree: (from, to) => cpSync(join(root, from), to, { recursive: true }),
    removeTree: (path) => rmSync(path, { recursive: true, force: true }),
  }
}

function appendTo(path: string, text: string): void {
  writeFileSync(path, text, { flag: 'a' })
}
