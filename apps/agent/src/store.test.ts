import { DatastoreError } from '@tortie/datastore'
import type { Report } from '@tortie/node'
import { recordingLog, seededRandom, virtualClock } from '@tortie/runtime/testing'
import { expect, it } from 'vitest'
import { describeStore, waitingForStore } from './store.ts'

const away = new DatastoreError('Unavailable', { store: 'http://e:1', why: 'it is away; start it' })

function setting() {
  const [clock, log] = [virtualClock(), recordingLog()]
  const reports: (Report & { readonly part: string })[] = []
  const health = {
    report: (part: string, report: Report) => void reports.push({ part, ...report }),
    summary: () => ({ live: true, ready: false, parts: new Map() }),
  }
  return { clock, log, reports, ports: { clock, random: seededRandom(1), log, health } }
}

it('waits for a store that is away, and says why', async ({ signal }) => {
  const { clock, log, reports, ports } = setting()
  let failures = 3
  const work = (): Promise<string> => (failures-- > 0 ? Promise.reject(away) : Promise.resolve('done'))
  expect(await clock.drive(waitingForStore(work, ports, { signal }))).toBe('done')
  const why = 'the datastore http://e:1 cannot be reached: it is away; start it'
  expect(reports).toHaveLength(3)
  expect(reports[0]).toMatchObject({ part: 'Datastore', live: true, ready: false, why })
  expect(log.lines.map(({ event }) => event)).toEqual(['agent.waiting', 'agent.waiting', 'agent.waiting'])
})

it('does not wait for what time does not mend', async ({ signal }) => {
  const { reports, ports } = setting()
  const refused = new DatastoreError('Unauthorized', { store: 'http://e:1', why: 'check the password' })
  await expect(waitingForStore(() => Promise.reject(refused), ports, { signal })).rejects.toBe(refused)
  expect(reports).toEqual([])
})

it('ends with the reason of the abort', async () => {
  const { ports } = setting()
  const stop = new AbortController()
  const waiting = waitingForStore(() => Promise.reject(away), ports, stop)
  stop.abort(new Error('stopped'))
  await expect(waiting).rejects.toThrow('stopped')
})

it.each([
  [{ type: 'embedded', path: '/s' }, '/s'],
  [{ type: 'etcdv3', etcd: { endpoints: ['http://a:1', 'http://b:1'], password: 'sesame' } }, 'http://a:1,http://b:1'],
  [{ type: 'etcdv3', etcd: { endpoints: [], discoverySrv: 'example.test' } }, 'example.test'],
] as const)('%o is shown as %s', (store, shown) => {
  expect(describeStore(store)).toBe(shown)
})
