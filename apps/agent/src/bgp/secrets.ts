import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Call, Clock, Log } from '@tortie/runtime'

/** One key of what BGPPeer and BGPConfiguration call a Secret; `value` undefined when it is gone. */
export interface SecretChange {
  readonly name: string
  readonly key: string
  readonly value: string | undefined
}

const periodMs = 5_000
/** Longer than any password of TCP-MD5. */
const mostBytes = 4096

/**
 * Secrets where there is no Kubernetes: the files `<directory>/<secret>/<key>`, as a mounted Secret has them too. A line
 * end after the value is no part of it. First all, then changes, looked for every 5 s; ends only by throwing. What cannot
 * be read is as it was before, for sessions should not end because a disk does not answer.
 */
export async function* followSecrets(
  directory: string,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
  call: Call,
): AsyncGenerator<readonly SecretChange[], never> {
  let told: ReadonlyMap<string, SecretChange> = new Map()
  let trouble = ''
  for (let first = true; ; first = false) {
    let now = told
    try {
      now = await readSecrets(directory)
      trouble = ''
    } catch (error) {
      if (String(error) !== trouble) log.warn('bgp.secrets.unreadable', { directory, error })
      trouble = String(error)
    }
    const changes = [...now].filter(([path, { value }]) => told.get(path)?.value !== value).map(([, change]) => change)
    for (const [path, { name, key }] of told) if (!now.has(path)) changes.push({ name, key, value: undefined })
    told = now
    if (first || changes.length > 0) yield changes
    await clock.sleep(periodMs, call)
  }
}

/** By path below the directory. */
async function readSecrets(directory: string): Promise<Map<string, SecretChange>> {
  const found = new Map<string, SecretChange>()
  for (const name of await list(directory))
    for (const key of await list(join(directory, name))) {
      const path = join(name, key)
      try {
        const value = (await readFile(join(directory, path), 'utf8')).replace(/\r?\n$/, '')
        if (value.length <= mostBytes) found.set(path, { name, key, value })
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException
        if (code !== 'EISDIR' && code !== 'ENOENT') throw error
      }
    }
  return found
}

/** Names that are no hidden ones; none when there is no directory. */
async function list(directory: string): Promise<string[]> {
  try {
    return (await readdir(directory)).filter((name) => !name.startsWith('.')).sort()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return []
    throw error
  }
}
