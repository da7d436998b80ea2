import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { endpointStatusFiles } from './status-files.ts'

const prefix = mkdtempSync(join(tmpdir(), 'tortie-status-'))
afterAll(() => rmSync(prefix, { recursive: true }))
const call = { signal: AbortSignal.timeout(10_000) }

it('keeps a directory of whole files, and takes away what a killed agent left half-written', async () => {
  const files = endpointStatusFiles(prefix)
  expect(await files.read(call)).toEqual(new Map())
  await files.write([{ op: 'add', key: 'cni default%2Fc1 eth0', value: '{"ifaceName":"cali1"}' }], call)
  const dir = join(prefix, 'endpoint-status')
  writeFileSync(join(dir, '.4711'), '{"ifa')
  expect(await endpointStatusFiles(prefix).read(call)).toEqual(
    new Map([['cni default%2Fc1 eth0', '{"ifaceName":"cali1"}']]),
  )
  expect(readdirSync(dir)).toEqual(['cni default%2Fc1 eth0'])
  await files.write([{ op: 'replace', key: 'cni default%2Fc1 eth0', value: '{}', was: '' }], call)
  expect(readFileSync(join(dir, 'cni default%2Fc1 eth0'), 'utf8')).toBe('{}')
  await files.write([{ op: 'remove', key: 'cni default%2Fc1 eth0', was: '{}' }], call)
  expect(readdirSync(dir)).toEqual([])
})
