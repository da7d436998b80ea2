import { describe, expect, it } from 'vitest'
import { call, createCluster } from '../testing/cluster.ts'
import { defaultConfig, type IpamConfig } from './config.ts'

describe('the configuration', () => {
  it('has defaults, which are never stored', async () => {
    const { datastore, ...cluster } = await createCluster()
    expect(await cluster.ipam().getConfig(call)).toEqual(defaultConfig)
    expect(await cluster.ipam().setConfig({ strictAffinity: false }, call)).toEqual(defaultConfig)
    expect((await datastore.list({ kind: 'IPAMConfig' }, call)).items).toEqual([])
  })

  it('keeps what is not changed, and fields it does not know', async () => {
    const { datastore, ...cluster } = await createCluster()
    const ipam = cluster.ipam()
    await ipam.setConfig({ ipCooldownSeconds: 60 }, call)
    const stored = await datastore.get({ kind: 'IPAMConfig', name: 'default' }, call)
    await datastore.update({ ...stored, spec: { ...stored.spec, future: 'x' } as typeof stored.spec }, call)
    await ipam.setConfig({ strictAffinity: true, maxBlocksPerHost: 3 }, call)
    expect(await ipam.getConfig(call)).toEqual({
      ...defaultConfig,
      strictAffinity: true,
      maxBlocksPerHost: 3,
      ipCooldownSeconds: 60,
    })
    expect((await datastore.get({ kind: 'IPAMConfig', name: 'default' }, call)).spec).toHaveProperty('future', 'x')
  })

  it.each<[Partial<IpamConfig>, string]>([
    [{ autoAllocateBlocks: false }, 'autoAllocateBlocks: cannot be false while strictAffinity is false'],
    [{ maxBlocksPerHost: 1 }, 'maxBlocksPerHost: can be set only with strictAffinity; set strictAffinity too'],
    [{ strictAffinity: true, maxBlocksPerHost: -1 }, 'maxBlocksPerHost: -1 must be a whole number from 0'],
    [{ ipCooldownSeconds: 1_201 }, 'ipCooldownSeconds: 1201 must be a whole number from 0 to 1200'],
  ])('refuses %j', async (change, message) => {
    const cluster = await createCluster()
    await expect(cluster.ipam().setConfig(change, call)).rejects.toThrow(message)
    expect(await cluster.ipam().getConfig(call)).toEqual(defaultConfig)
  })
})
