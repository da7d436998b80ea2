import { CniError } from '../errors.ts'
import type { Command } from './environment.ts'

/** Versions of the specification that we read and write, oldest first. */
export const supportedVersions = ['0.1.0', '0.2.0', '0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0'] as const
export type CniVersion = (typeof supportedVersions)[number]

export const latestVersion: CniVersion = '1.1.0'

/** The version that brought a command; the others were always there. */
const since: Partial<Record<Command, CniVersion>> = { CHECK: '0.4.0', GC: '1.1.0', STATUS: '1.1.0' }

/**
 * The version of a network config. An absent one is 0.1.0 to the protocol.
 * @throws CniError cni/incompatible-version
 */
export function requireVersion(configured: string, command: Command): CniVersion {
  const version = configured === '' ? '0.1.0' : configured
  if (!isSupported(version))
    throw new CniError('cni/incompatible-version', {
      why: `incompatible CNI versions: cniVersion ${JSON.stringify(version)} is not supported`,
      details: `config is ${JSON.stringify(version)}, plugin supports ${JSON.stringify(supportedVersions)}`,
    })
  const first = since[command]
  if (first !== undefined && isOlder(version, first))
    throw new CniError('cni/incompatible-version', {
      why: `config version does not allow ${command}`,
      details: `${command} needs cniVersion ${first} or newer, the network config says ${version}`,
    })
  return version
}

export function isSupported(version: string): version is CniVersion {
  return (supportedVersions as readonly string[]).includes(version)
}

export function isOlder(version: CniVersion, than: CniVersion): boolean {
  return supportedVersions.indexOf(version) < supportedVersions.indexOf(than)
}

/** The answer to VERSION. */
export function versionReply(): { readonly cniVersion: string; readonly supportedVersions: readonly string[] } {
  return { cniVersion: latestVersion, supportedVersions }
}
