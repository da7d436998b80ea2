import { readFileSync } from 'node:fs'
import type { NetworkConfig } from '../config/network-config.ts'
import { CniError } from '../errors.ts'

/**
 * `nodename` > the nodename file > `hostname` > the operating system's name (spec 04 §5.2). A line end in the file is no
 * part of the name.
 * @throws CniError cni/set-up when the nodename file is required and cannot be read
 */
export function readNodeName(config: NetworkConfig, hostname: () => string): string {
  const stored = readNodeNameFile(config)
  return config.nodename || stored || config.hostname || hostname().trim().toLowerCase()
}

function readNodeNameFile(config: NetworkConfig): string {
  const { nodename_file: file, nodename_file_optional: optional } = config
  try {
    return readFileSync(file, 'utf8').trim()
  } catch (cause) {
    if (optional && (cause as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw new CniError('cni/set-up', {
      why:
        `cannot read nodename_file ${file}: check that the agent runs on this host and writes it, ` +
        'or set "nodename_file_optional": true',
      details: cause instanceof Error ? cause.message : String(cause),
    })
  }
}
