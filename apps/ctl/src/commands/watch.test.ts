import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { runProgram } from '../program.ts'
import type { ExitCode } from '../shell.ts'
import { hostIn } from '../testing/host.ts'
import { run } from '../testing/transcript.ts'

let store: string
beforeEach(() => {
  store = mkdtempSync(join(tmpdir(), 'tortie-watch-'))
})
afterEach(() => rmSync(store, { recursive: true }))

const set = (name: string, nets: string): string =>
  `{apiVersion: projectcalico.org/v3, kind: NetworkSet, metadata: {name: ${name}, namespace: shop}, spec: {nets: [${nets}]}}`

async function ctl(input: string, ...args: string[]): Promise<void> {
  const printed = await run(args, { environment: { TORTIE_EMBEDDED_PATH: store }, input })
  expect(printed).toMatchObject({ code: 0, stderr: '' })
}

/** A watch in this process, and how to wait for what it says. */
function watching(...args: string[]) {
  const stop = new AbortController()
  let printed = ''
  let heard = (): void => undefined
  const shell = {
    name: 'tortiectl',
    environment: { TORTIE_EMBEDDED_PATH: store },
    host: hostIn(store),
    stdin: async () => '',
    stdout: (text: string) => {
      printed += text
      heard()
    },
    stdoutBytes: async () => undefined,
    stderr: () => undefined,
  }
  const ended: Promise<ExitCode> = runProgram(args, shell, { signal: stop.signal })
  return {
    said: async (text: string) => {
      while (!printed.includes(text)) await new Promise<void>((resolve) => (heard = resolve))
    },
    hasSaid: (text: string) => printed.includes(text),
    async end() {
      stop.abort(new Error('interrupted'))
      expect(await ended).toBe(1)
      return printed
    },
  }
}

it('shows what is there and every change in a table', async () => {
  await ctl(set('a', '192.0.2.0/24'), 'apply', '-f', '-')
  const watch = watching('get', 'netsets', '-A', '-w', '-o', 'wide')
  await watch.said('ADDED')
  await ctl(set('a-long-name', ''), 'apply', '-f', '-')
  await watch.said('a-long-name')
  await ctl(set('a', '198.51.100.0/24'), 'apply', '-f', '-')
  await watch.said('MODIFIED')
  await ctl('', 'delete', 'netsets', 'a', '-n', 'shop')
  await watch.said('DELETED')
  expect((await watch.end()).split('\n').map((line) => line.trimEnd())).toEqual([
    'EVENT   NAMESPACE   NAME   NETS',
    'ADDED   shop        a      192.0.2.0/24',
    'ADDED   shop        a-long-name',
    'MODIFIED   shop        a             198.51.100.0/24',
    'DELETED    shop        a             198.51.100.0/24',
    '',
  ])
})

it('shows changes alone, of the names and the namespace that are asked for, as lines of JSON', async () => {
  await ctl(set('a', '192.0.2.0/24'), 'apply', '-f', '-')
  const watch = watching('get', 'networkset', 'a', 'b', '-n', 'shop', '--watch-only', '-o', 'json')
  const names = watching('get', 'networkset', '-n', 'shop', '-w', '-o', 'name')
  await names.said('networkset/a\n')
  await ctl(set('c', ''), 'apply', '-f', '-')
  await ctl(set('b', '').replace('shop', 'other'), 'apply', '-f', '-')
  // Until the watch has begun, what is written is there at first.
  for (let i = 0; !watch.hasSaid('"type"'); i++) {
    await ctl(set('b', `192.0.2.${i % 256}/32`), 'apply', '-f', '-')
    // Nothing else in this process gives the watch its turn.
    await setImmediate()
  }
  await names.said('networkset/b\n')
  await ctl('', 'delete', 'networkset', 'b', '-n', 'shop')
  await watch.said('DELETED')
  await names.said('networkset/b deleted\n')
  const lines = (await watch.end()).trim().split('\n')
  const events = lines.map((line) => JSON.parse(line) as { type: string; object: { metadata: object } })
  expect(events.at(-1)).toMatchObject({ type: 'DELETED' })
  expect(new Set(events.map(({ object: { metadata } }) => JSON.stringify(metadata).match(/"name":"."/)?.[0]))).toEqual(
    new Set(['"name":"b"']),
  )
  const named = (await names.end()).split('\n')
  expect(named.slice(0, 3)).toEqual(['networkset/a', 'networkset/c', 'networkset/b'])
  expect(named.slice(-2)).toEqual(['networkset/b deleted', ''])
})

it.each(['jsonpath={.metadata.name};', 'go-template={{range .}}{{.Name}};{{end}}'])(
  'writes each object by the template %s',
  async (template) => {
    await ctl(set('a', ''), 'apply', '-f', '-')
    const watch = watching('get', 'networkset', '-n', 'shop', '-w', '-o', template)
    await watch.said('a;')
    await ctl(set('b', ''), 'apply', '-f', '-')
    await watch.said('b;')
    expect(await watch.end()).toBe('a;b;')
  },
)
