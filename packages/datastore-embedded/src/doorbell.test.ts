import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLog } from '@tortie/runtime'
import { systemClock } from '@tortie/runtime/system'
import { recordingLog } from '@tortie/runtime/testing'
import { expect, it } from 'vitest'
import { Doorbell } from './doorbell.ts'

it('a ring between looking and waiting is not missed', async ({ signal, onTestFinished }) => {
  const directory = mkdtempSync(join(tmpdir(), 'tortie-bell-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const bell = new Doorbell(join(directory, 'doorbell'), { clock: systemClock, log: silentLog })
  const { rings } = bell
  bell.ring()
  await bell.heardMoreThan(rings, { signal })
  expect(bell.rings).toBe(rings + 1)
  bell.close()
})

it('where there can be no bell, it says what that costs, and goes on', () => {
  const log = recordingLog()
  const bell = new Doorbell('/proc/doorbell', { clock: systemClock, log })
  bell.ring()
  bell.listen()[Symbol.dispose]()
  expect(log.lines.map(({ event, level }) => [level, event])).toEqual([
    ['warn', 'datastore.embedded.doorbell'],
    ['warn', 'datastore.embedded.deaf'],
  ])
})
