import type { Meter } from '@tortie/runtime'
import { silentLog, silentMeter } from '@tortie/runtime'
import { seededRandom } from '@tortie/runtime/testing'
import { describe, expect, it } from 'vitest'
import { createIpam } from './ipam.ts'
import { call, createCluster } from './testing/cluster.ts'

describe('an address, from assignment to release', () => {
  it.each([
    { family: 4 as const, request: { num4: 1 }, block: /^10\.65\.0\.\d+\/26$/ },
    { family: 6 as const, request: { num6: 1 }, block: /^fd80:24e2:f998:72d6::[0-9a-f]*\/122$/ },
  ])('IPv$family', async ({ family, request, block }) => {
    const cluster = await createCluster()
    const ipam = cluster.ipam()
    const who = { handle: 'net.c1', host: 'node-1', intendedUse: 'Workload' as const, attributes: { node: 'node-1' } }
    const result = await ipam.autoAssign({ ...request, ...who }, call)
    const { addresses } = family === 4 ? result.ipv4 : result.ipv6
    expect(addresses).toEqual([expect.stringMatching(block)])
    const address = addresses[0]!.split('/')[0]!
    expect(await ipam.ipsByHandle('net.c1', call)).toEqual([address])
    expect(await ipam.getAssignmentAttributes(address, call)).toEqual({
      handle: 'net.c1',
      attributes: { node: 'node-1' },
      alternateAttributes: {},
    })
    await ipam.releaseByHandle({ handle: 'net.c1' }, call)
    await expect(ipam.ipsByHandle('net.c1', call)).rejects.toMatchObject({ code: 'ipam/unknown-handle' })
    await expect(ipam.getAssignmentAttributes(address, call)).rejects.toMatchObject({ code: 'ipam/not-assigned' })
    expect((await cluster.datastore.list({ kind: 'IPAMHandle' }, call)).items).toEqual([])
  })
})

it('counts what it does', async () => {
  const counts: Record<string, number> = {}
  const meter: Meter = {
    ...silentMeter,
    counter: (name) => ({
      add: (amount, labels = {}) => {
        const key = [name, ...Object.values(labels)].join(' ')
        counts[key] = (counts[key] ?? 0) + amount
      },
    }),
  }
  const { datastore, clock } = await createCluster()
  const ipam = createIpam({ datastore, clock, random: seededRandom(1), log: silentLog, meter })
  await ipam.autoAssign({ num4: 2, num6: 1, handle: 'h', host: 'node-1', intendedUse: 'Workload' }, call)
  await ipam.releaseByHandle({ handle: 'h' }, call)
  expect(counts).toEqual({
    'tortie_ipam_addresses_assigned_total 4': 2,
    'tortie_ipam_addresses_assigned_total 6': 1,
    tortie_ipam_addresses_released_total: 3,
    tortie_ipam_blocks_claimed_total: 2,
  })
})
