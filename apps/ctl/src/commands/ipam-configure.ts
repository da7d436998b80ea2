import type { IpamConfig } from '@tortie/ipam'
import { parseBoolean } from '../cli/flags.ts'
import { CtlError, prefixed, worded } from '../errors.ts'
import type { CommandContext, ExitCode } from '../shell.ts'

type Change = { readonly [F in keyof IpamConfig]?: IpamConfig[F] }

interface Given {
  readonly strictaffinity: string
  readonly 'max-blocks-per-host': string
  readonly 'kubevirt-ip-persistence': string
  readonly 'ip-cooldown-seconds': string
}

/** What the flags ask for. Spec 06 §11.2. @throws CtlError */
export function readChange(given: Given): Change {
  const { strictaffinity: strict, 'max-blocks-per-host': blocks, 'kubevirt-ip-persistence': persistence } = given
  const cooldown = readSeconds(given['ip-cooldown-seconds'])
  const change = {
    ...(strict !== '' && { strictAffinity: readStrict(strict) }),
    ...(blocks !== '' && { maxBlocksPerHost: readCount(blocks) }),
    ...(persistence !== '' && { kubeVirtVMAddressPersistence: readPersistence(persistence) }),
    ...(cooldown >= 0 && { ipCooldownSeconds: cooldown }),
  }
  if (Object.keys(change).length === 0) throw new CtlError('at least one configuration option must be specified')
  return change
}

function readStrict(text: string): boolean {
  const value = parseBoolean(text)
  if (value === undefined) throw new CtlError('invalid value. Use true or false to set strictaffinity')
  return value
}

function readCount(text: string): number {
  if (!/^[+-]?\d+$/.test(text)) throw new CtlError('invalid value for maxblockhost. Use a valid number')
  return Number(text)
}

function readPersistence(text: string): 'Enabled' | 'Disabled' {
  if (text === 'Enabled' || text === 'Disabled') return text
  throw new CtlError('invalid value for --kubevirt-ip-persistence. Use Enabled or Disabled')
}

function readSeconds(text: string): number {
  if (/^[+-]?\d+$/.test(text)) return Number(text)
  const quoted = JSON.stringify(text)
  throw new CtlError(
    `invalid argument ${quoted} for "--ip-cooldown-seconds" flag: strconv.ParseInt: parsing ${quoted}: invalid syntax`,
  )
}

const names: Readonly<Record<keyof IpamConfig, string>> = {
  strictAffinity: 'StrictAffinity',
  autoAllocateBlocks: 'AutoAllocateBlocks',
  maxBlocksPerHost: 'MaxBlocksPerHost',
  kubeVirtVMAddressPersistence: 'KubeVirtVMAddressPersistence',
  ipCooldownSeconds: 'IPCooldownSeconds',
}

/** @throws CtlError */
export async function configureIpam(change: Change, { connection, shell, call }: CommandContext): Promise<ExitCode> {
  await worded(
    (error) => prefixed('error: ', error),
    () => connection.ipam.setConfig(change, call),
  )
  for (const [field, value] of Object.entries(change))
    shell.stdout(`Successfully set ${names[field as keyof IpamConfig]} to: ${value}\n`)
  return 0
}
