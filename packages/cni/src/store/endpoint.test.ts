import { prepareCreate } from '@tortie/model'
import { seededRandom, virtualClock } from '@tortie/runtime/testing'
import { expect, it } from 'vitest'
import { describeEndpoint } from './endpoint.ts'

const given = {
  node: 'node-1',
  containerId: 'web-1',
  ifname: 'eth0',
  workload: { namespace: 'prod', labels: { app: 'web' } },
  network: 'net1',
  hostInterface: 'caliweb1',
  mac: '02:00:00:00:00:01',
  addresses: ['10.65.0.1/32', 'fd65::1/128'],
}

it('is what the model would make of it, and valid', () => {
  const ports = { clock: virtualClock(), random: seededRandom(1) }
  const endpoint = describeEndpoint(given, ports)
  const { uid, creationTimestamp, ...metadata } = endpoint.metadata
  expect({ uid, creationTimestamp }).toEqual({ uid: expect.any(String), creationTimestamp: '2023-11-14T22:13:20Z' })
  expect(prepareCreate({ ...endpoint, metadata }, { ...ports, random: seededRandom(1) })).toEqual(endpoint)
})
