import { CtlError } from '../errors.ts'
import { readText } from '../input/files.ts'
import type { Shell } from '../shell.ts'
import { defaultConfig } from '../tree/common.ts'

/** What an agent is told of the datastore: variable by field of the configuration file. User and password are not shown. */
const variables: Readonly<Record<string, string>> = {
  datastoreType: 'DATASTORE_TYPE',
  embeddedPath: 'TORTIE_EMBEDDED_PATH',
  etcdEndpoints: 'ETCD_ENDPOINTS',
  etcdDiscoverySrv: 'ETCD_DISCOVERY_SRV',
  etcdCACertFile: 'ETCD_CA_CERT_FILE',
  etcdKeyFile: 'ETCD_KEY_FILE',
  etcdCertFile: 'ETCD_CERT_FILE',
}

/** From the file, or, where the default file is absent, the environment (spec 06 §2). @throws CtlError */
export async function storeVariables(
  path: string,
  { environment, host }: Shell,
): Promise<Readonly<Record<string, string>>> {
  if (path === defaultConfig && !host.exists(path)) {
    const named = Object.values(variables).map((name) => [
      name,
      environment[`CALICO_${name}`] || environment[name] || '',
    ])
    return Object.fromEntries(named.filter(([, value]) => value !== ''))
  }
  const { parse } = await import('yaml')
  try {
    const { spec } = parse(readText(path)) as { readonly spec: Readonly<Record<string, unknown>> }
    return Object.fromEntries(
      Object.entries(variables).flatMap(([field, name]) => (spec[field] ? [[name, String(spec[field])]] : [])),
    )
  } catch (cause) {
    throw new CtlError('error executing command: invalid config file', { cause })
  }
}
