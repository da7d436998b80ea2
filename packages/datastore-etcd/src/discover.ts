import { readFile } from 'node:fs/promises'
import type { SecureClientSessionOptions } from 'node:http2'
import { EtcdError } from './errors.ts'
import { type EtcdOptions, type EtcdTls, originsOf } from './options.ts'

/** Endpoints as given, or as DNS names them: those with TLS first (spec 01 §2.7). */
export async function findEndpoints(options: EtcdOptions): Promise<readonly string[]> {
  const { endpoints = [], discoverySrv = '' } = options
  if (discoverySrv === '') return originsOf(endpoints)
  const resolveSrv = options.resolveSrv ?? (await import('node:dns/promises')).resolveSrv
  const lookUp = async (service: string, scheme: string): Promise<string[]> => {
    const records = await resolveSrv(`_${service}._tcp.${discoverySrv}`).catch(() => [])
    const sorted = [...records].sort((a, b) => a.priority - b.priority || b.weight - a.weight)
    return sorted.map(({ name, port }) => `${scheme}://${name}:${port}`)
  }
  return [...(await lookUp('etcd-client-ssl', 'https')), ...(await lookUp('etcd-client', 'http'))]
}

/** TLS 1.2 or newer. @throws EtcdError etcd/bad-options for a file that cannot be read */
export async function readTls({
  ca,
  cert,
  key,
  caFile,
  certFile,
  keyFile,
}: EtcdTls = {}): Promise<SecureClientSessionOptions> {
  const read = async (name: string, inline: string | undefined, file: string | undefined): Promise<object> => {
    if (inline) return { [name]: inline }
    if (!file) return {}
    try {
      return { [name]: await readFile(file) }
    } catch (cause) {
      const why = `the TLS file ${file} for etcd cannot be read: ${cause instanceof Error ? cause.message : cause}`
      throw new EtcdError('etcd/bad-options', { why, cure: 'check the path and who may read it' }, { cause })
    }
  }
  return {
    minVersion: 'TLSv1.2',
    ...(await read('ca', ca, caFile)),
    ...(await read('cert', cert, certFile)),
    ...(await read('key', key, keyFile)),
  }
}
