import { readFileSync } from 'node:fs'
import type { NetworkConfig } from '../config/network-config.ts'
import { CniError } from '../errors.ts'

/**
 * `mtu`, else what the agent found out and wrote; 0 leaves it to the kernel. A file that is there must be good even when
 * `mtu` is given (spec 04 §6 step 3).
 * @throws CniError cni/set-up
 */
export function readMtu(config: NetworkConfig): number {
  const fromFile = readMtuFile(config.mtu_file, config.require_mtu_file)
  return config.mtu || fromFile
}

function readMtuFile(file: string, required: boolean): number {
  let text: string
  try {
    text = readFileSync(file, 'utf8').trim()
  } catch (cause) {
    if (!required && (cause as NodeJS.ErrnoException).code === 'ENOENT') return 0
    const why = `cannot read the MTU file ${file}: check that the agent runs on this host and writes it`
    throw new CniError('cni/set-up', why, { cause })
  }
  const mtu = Number(text)
  if (/^\d+$/.test(text) && mtu <= 65_535) return mtu
  throw new CniError(
    'cni/set-up',
    `the MTU file ${file} holds ${JSON.stringify(text.slice(0, 40))}, which is no number of bytes: remove it, the agent writes it again`,
  )
}
