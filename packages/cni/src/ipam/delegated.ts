import { accessSync, constants } from 'node:fs'
import { join } from 'node:path'
import type { Call } from '@tortie/runtime'
import { CniError, type ErrorReply } from '../errors.ts'
import type { Command } from '../protocol/environment.ts'
import { parseResult } from '../protocol/result.ts'
import { isOlder } from '../protocol/versions.ts'
import type { Session } from '../session.ts'
import type { AddressSource } from './address-source.ts'

/** `host-local` and the like: another executable from CNI_PATH, with the same environment and config (spec 04 §2).
 * @throws CniError cni/bad-config when it is not installed */
export function delegatedSource(session: Session): AddressSource {
  const { version, config } = session
  const { type } = config.ipam
  const file = findPlugin(type, session.invocation.path)
  const quietly = async (command: Command, call: Call): Promise<void> => {
    await execute(session, file, command, call)
  }
  return {
    async allocate(call) {
      const result = parseResult(parseOutput(await execute(session, file, 'ADD', call), type), version, type)
      if (result.ips.length > 0) return result
      throw new CniError('cni/failed', `IPAM plugin ${type} returned no address`)
    },
    release: (call) => quietly('DEL', call),
    async check(_, call) {
      await quietly('CHECK', call)
      return []
    },
    async collect(_, call) {
      if (!isOlder(version, '1.1.0')) await quietly('GC', call)
    },
    async status(call) {
      if (!isOlder(version, '1.1.0')) await quietly('STATUS', call)
    },
  }
}

async function execute(session: Session, file: string, command: Command, call: Call): Promise<string> {
  const { config, env, drivers } = session
  const { type } = config.ipam
  const reply = await drivers.runPlugin(file, { ...env, CNI_COMMAND: command }, JSON.stringify(config.document), call)
  if (reply.exitCode === 0) return reply.stdout
  throw passedOn(reply.stdout, `IPAM plugin ${type} ended ${command} with exit code ${reply.exitCode}`)
}

/** The other plugin's own error, with its own code. */
function passedOn(stdout: string, otherwise: string): CniError {
  const { code, msg, details } = parseError(stdout)
  if (typeof code !== 'number' || typeof msg !== 'string')
    return new CniError('cni/failed', { why: otherwise, details: stdout.trim().slice(0, 500) })
  return new CniError('cni/failed', { why: msg, cniCode: code, ...(typeof details === 'string' && { details }) })
}

function parseError(stdout: string): Partial<ErrorReply> {
  try {
    const value: unknown = JSON.parse(stdout)
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return {}
  }
}

function parseOutput(stdout: string, type: string): unknown {
  try {
    return JSON.parse(stdout)
  } catch (cause) {
    throw new CniError('cni/undecodable', `IPAM plugin ${type} did not print a result in JSON`, { cause })
  }
}

/** @throws CniError cni/bad-config when no directory of CNI_PATH holds it */
export function findPlugin(type: string, path: readonly string[]): string {
  if (type.includes('/')) throw new CniError('cni/bad-config', `ipam.type ${JSON.stringify(type)} must be a file name`)
  for (const dir of path) {
    const file = join(dir, type)
    try {
      accessSync(file, constants.X_OK)
      return file
    } catch {
      // look in the next one
    }
  }
  throw new CniError(
    'cni/bad-config',
    `IPAM plugin ${JSON.stringify(type)} is in no directory of CNI_PATH (${path.join(':')}); install it or change ipam.type`,
  )
}
