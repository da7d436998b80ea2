import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '@tortie/runtime/system'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { matchesStatus } from './endpoint-status.ts'
import { waitForPolicy } from './wait.ts'

const expected = { interface: 'cali1', mac: '02:00:00:00:00:01', addresses: ['10.0.0.5/32', 'fd00::5/128'] }
const good = { ifaceName: 'cali1', mac: '02:00:00:00:00:01', ipv4Nets: ['10.0.0.5/32'], ipv6Nets: ['fd00::5/128'] }

describe('a status file', () => {
  it.each<readonly [string, string, boolean]>([
    ['of this endpoint', JSON.stringify(good), true],
    ['with the MAC in capitals', JSON.stringify({ ...good, mac: good.mac.toUpperCase() }), true],
    ['with more addresses', JSON.stringify({ ...good, ipv4Nets: ['10.0.0.6/32', '10.0.0.5'] }), true],
    ['that says no more than the interface', '{"ifaceName":"cali1"}', true],
    ['of another MAC', JSON.stringify({ ...good, mac: '02:00:00:00:00:02' }), false],
    ['of another interface', JSON.stringify({ ...good, ifaceName: 'cali2' }), false],
    ['of other addresses', JSON.stringify({ ...good, ipv4Nets: ['10.0.0.6/32'] }), false],
    ['that says nothing', '{}', false],
    ['that is half written', JSON.stringify(good).slice(0, -3), false],
    ['that is empty', '', false],
  ])('%s', (_, text, matches) => {
    expect(matchesStatus(text, expected)).toBe(matches)
  })
})

describe('waiting', () => {
  let dir: string
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'tortie-cni-wait-'))
  })
  afterEach(() => rmSync(dir, { recursive: true }))
  const file = 'cni default%2Fc1 eth0'
  const call = { signal: new AbortController().signal }
  const wait = (timeoutMs: number, at = dir, { signal } = call): Promise<boolean> =>
    waitForPolicy({ dir: at, file, expected, timeoutMs }, systemClock, { signal })
  const write = (text: string): void => {
    writeFileSync(join(dir, '.new'), text)
    renameSync(join(dir, '.new'), join(dir, file))
  }

  it('ends at once when the file is there', async () => {
    write(JSON.stringify(good))
    expect(await wait(0)).toBe(true)
  })

  it('ends when the file comes, past a stale one', async () => {
    write(JSON.stringify({ ...good, mac: '02:00:00:00:00:09' }))
    const waiting = wait(20_000)
    await new Promise(setImmediate)
    write(JSON.stringify(good))
    expect(await waiting).toBe(true)
  })

  it('ends when even the directory comes later', async () => {
    const later = join(dir, 'later')
    const waiting = wait(20_000, later)
    await new Promise(setImmediate)
    mkdirSync(later)
    writeFileSync(join(later, file), JSON.stringify(good))
    expect(await waiting).toBe(true)
  })

  it('says no when the time is over', async () => {
    write(JSON.stringify({ ...good, ifaceName: 'cali2' }))
    expect(await wait(30)).toBe(false)
    expect(await wait(30, join(dir, 'none'))).toBe(false)
  })

  it('throws the reason of an abort', async () => {
    const stop = new AbortController()
    const waiting = wait(20_000, dir, stop)
    await new Promise(setImmediate)
    stop.abort(new Error('enough'))
    await expect(waiting).rejects.toThrow('enough')
  })
})
