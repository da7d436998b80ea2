/** The program as a process: what only a process has. The rest is in transcripts.test.ts. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, describe, expect, it } from 'vitest'
import type { Printed } from './testing/transcript.ts'

const dir = mkdtempSync(join(tmpdir(), 'tortie-ctl-'))
afterAll(() => rmSync(dir, { recursive: true }))

const main = join(import.meta.dirname, 'main.ts')

function start(args: readonly string[], program = main): ChildProcess {
  return spawn(process.execPath, ['--conditions=@tortie/source', program, ...args], {
    env: { PATH: process.env.PATH, DATASTORE_TYPE: 'embedded', TORTIE_EMBEDDED_PATH: join(dir, 'store') },
  })
}

async function ended(child: ChildProcess): Promise<Omit<Printed, 'code'> & { readonly code: number | null }> {
  if (!child.stdout || !child.stderr) throw new Error('pipes are expected')
  const closed = new Promise<number | null>((resolve) => child.once('close', resolve))
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), closed])
  return { stdout, stderr, code }
}

const pool = (name: string, index: number): string =>
  `apiVersion: projectcalico.org/v3\nkind: IPPool\nmetadata: {name: ${name}}\nspec: {cidr: 10.${index}.0.0/16}\n`

describe('tortiectl as a process', () => {
  it('reads standard input that comes late and in parts', async () => {
    const child = start(['apply', '-f', '-'])
    const end = ended(child)
    await new Promise((resolve) => child.once('spawn', resolve))
    for (const part of pool('late', 1).match(/[\s\S]{1,40}/g) ?? [])
      await new Promise((resolve) => child.stdin?.write(part, resolve))
    child.stdin?.end()
    expect(await end).toEqual({ stdout: "Successfully applied 1 'IPPool' resource(s)\n", stderr: '', code: 0 })
  })

  it.each([['get', 'tiers'], ['apply'], ['ipam', '--help']])(
    'ends quietly when nobody reads what %s says',
    async (...args) => {
      const child = start(args)
      child.stdout?.destroy()
      child.stderr?.destroy()
      expect(await new Promise((resolve) => child.once('exit', resolve))).toBe(141)
    },
  )

  it.each([
    ['get ne', ['networkpolicies', 'networksets']],
    ['patch --type=', ['strategic', 'merge', 'json']],
    ['apply -f ', []],
  ])('completes %j in bash', async (typed, expected) => {
    const words = [typed.match(/[^\s=]+|=|(?<=[\s=])$/g) ?? []].flat().map((word) => JSON.stringify(word))
    const program = `${process.execPath} --conditions=@tortie/source ${main}`
    const script = `tortiectl() { ${program} "$@"; }
      source <(tortiectl completion bash)
      COMP_WORDS=(tortiectl ${words.join(' ')}); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _tortiectl
      printf '%s\\n' "\${COMPREPLY[@]}"`
    const env = { PATH: process.env.PATH, TORTIE_EMBEDDED_PATH: join(dir, 'store') }
    const answer = await ended(spawn('bash', ['--norc', '-c', script], { env, stdio: ['ignore', 'pipe', 'pipe'] }))
    expect(answer).toMatchObject({ stderr: '', code: 0 })
    expect(answer.stdout.split('\n').filter(Boolean)).toEqual(expected)
  })

  it('says when its output has no room', async () => {
    await using full = await open('/dev/full', 'w')
    const child = spawn(process.execPath, ['--conditions=@tortie/source', main, 'version', '--client'], {
      stdio: ['ignore', full.fd, 'pipe'],
    })
    const exited = new Promise<number | null>((resolve) => child.once('exit', resolve))
    expect(child.stderr && (await text(child.stderr))).toMatch(/^standard output cannot be written: ENOSPC.*\n$/)
    expect(await exited).toBe(1)
  })

  it('answers errors on standard error with 1', async () => {
    const answer = await ended(start(['get', 'pods']))
    expect(answer).toEqual({
      stdout: '',
      stderr: "failed to get resources: resource type 'pods' is not supported\n",
      code: 1,
    })
  })

  it.each(['calicoctl', 'kubectl-calico'])('goes by the name that it is called by: %s', async (name) => {
    const link = join(dir, `${name}.ts`)
    symlinkSync(main, link)
    const answer = await ended(start(['sing'], link))
    expect(answer.stderr).toBe(`unknown command "sing" for "${name}"\n`)
  })

  it('stops when it is interrupted', async () => {
    const child = start(['version', '--poll', '1h'])
    const end = ended(child)
    child.stdout?.once('data', () => child.kill('SIGINT'))
    const { stderr, code } = await end
    expect([stderr.endsWith('interrupted\n'), code]).toEqual([true, 1])
  })
})
