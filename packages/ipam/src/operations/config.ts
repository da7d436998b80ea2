import { ipamConfigKey } from '@tortie/datastore'
import { apiVersion, type IPAMConfig } from '@tortie/model'
import type { Call } from '@tortie/runtime'
import { IpamError } from '../errors.ts'
import type { Context } from '../store/context.ts'
import { find } from '../store/records.ts'
import { swap } from '../store/swap.ts'

export interface IpamConfig {
  /** Use only blocks that are affine to the host: no borrowing. */
  readonly strictAffinity: boolean
  /** Claim new blocks when needed. */
  readonly autoAllocateBlocks: boolean
  /** 0: no limit but the default of 20 per request. */
  readonly maxBlocksPerHost: number
  readonly kubeVirtVMAddressPersistence: 'Enabled' | 'Disabled'
  /** How long a released address rests before it is given out again, 0 to 1200. */
  readonly ipCooldownSeconds: number
}

/** What holds while no configuration is stored. Spec 03 §4. */
export const defaultConfig: IpamConfig = {
  strictAffinity: false,
  autoAllocateBlocks: true,
  maxBlocksPerHost: 0,
  kubeVirtVMAddressPersistence: 'Enabled',
  ipCooldownSeconds: 0,
}

/** Never stores the default. */
export async function getConfig(context: Context, call: Call): Promise<IpamConfig> {
  return configOf(await find(context, ipamConfigKey, call))
}

export function configOf(resource: IPAMConfig | undefined): IpamConfig {
  const spec = resource?.spec
  return {
    strictAffinity: spec?.strictAffinity ?? defaultConfig.strictAffinity,
    autoAllocateBlocks: spec?.autoAllocateBlocks ?? defaultConfig.autoAllocateBlocks,
    maxBlocksPerHost: spec?.maxBlocksPerHost ?? defaultConfig.maxBlocksPerHost,
    kubeVirtVMAddressPersistence: spec?.kubeVirtVMAddressPersistence || defaultConfig.kubeVirtVMAddressPersistence,
    ipCooldownSeconds: spec?.ipCooldownSeconds ?? defaultConfig.ipCooldownSeconds,
  }
}

/** Changes the given fields and returns the whole. @throws IpamError ipam/bad-config */
export async function setConfig(context: Context, change: Partial<IpamConfig>, call: Call): Promise<IpamConfig> {
  return swap(
    context,
    'IPAM configuration',
    async () => {
      const stored = await find(context, ipamConfigKey, call)
      const before = configOf(stored)
      const after = { ...before, ...change }
      checkConfig(after)
      if (stored ? sameConfig(before, after) : sameConfig(defaultConfig, after)) return after
      const spec = { ...stored?.spec, ...after }
      if (stored) await context.datastore.update({ ...stored, spec }, call)
      else {
        const resource = { apiVersion, kind: 'IPAMConfig', metadata: { name: 'default' }, spec } as IPAMConfig
        await context.datastore.create(resource, call)
      }
      return after
    },
    call,
  )
}

function sameConfig(a: IpamConfig, b: IpamConfig): boolean {
  return (Object.keys(defaultConfig) as (keyof IpamConfig)[]).every((field) => a[field] === b[field])
}

function checkConfig(config: IpamConfig): void {
  const refuse = (field: keyof IpamConfig, why: string): never => {
    throw new IpamError('ipam/bad-config', { field, why })
  }
  const { strictAffinity, autoAllocateBlocks, maxBlocksPerHost, ipCooldownSeconds } = config
  if (!strictAffinity && !autoAllocateBlocks)
    refuse('autoAllocateBlocks', 'cannot be false while strictAffinity is false; set strictAffinity too')
  if (!strictAffinity && maxBlocksPerHost > 0)
    refuse('maxBlocksPerHost', 'can be set only with strictAffinity; set strictAffinity too')
  if (!Number.isInteger(maxBlocksPerHost) || maxBlocksPerHost < 0 || maxBlocksPerHost > 2_147_483_647)
    refuse('maxBlocksPerHost', `${maxBlocksPerHost} must be a whole number from 0 to 2147483647`)
  if (!Number.isInteger(ipCooldownSeconds) || ipCooldownSeconds < 0 || ipCooldownSeconds > 1_200)
    refuse('ipCooldownSeconds', `${ipCooldownSeconds} must be a whole number from 0 to 1200`)
}
