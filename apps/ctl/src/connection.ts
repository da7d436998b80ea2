import { readFileSync } from 'node:fs'
import { type Client, createClient, type Datastore } from '@tortie/datastore'
import { openEmbedded } from '@tortie/datastore-embedded'
import { createIpam, type Ipam } from '@tortie/ipam'
import { type Call, silentLog } from '@tortie/runtime'
import { systemClock, systemRandom } from '@tortie/runtime/system'
import { parse } from 'yaml'
import { CtlError, messageOf } from './errors.ts'

type Environment = Readonly<Record<string, string | undefined>>

export interface Connection extends AsyncDisposable {
  readonly datastore: Datastore
  readonly client: Client
  readonly ipam: Ipam
}

const defaultConfig = '/etc/calico/calicoctl.cfg'
const defaultStore = '/var/lib/calico/tortie'

/**
 * Opens the store that the config file names, or, when the default file is absent, the environment: variables are looked
 * up with the prefix `CALICO_` first. The two are never merged. Spec 06 §2. @throws CtlError
 */
export async function connect(configPath: string, environment: Environment, call: Call): Promise<Connection> {
  const { type, path } = readFile(configPath) ?? readEnvironment(environment)
  if (type !== 'embedded')
    throw new CtlError(
      `Failed to create Calico API client: datastore type '${type}' is not supported by this release; set ` +
        'DATASTORE_TYPE=embedded and TORTIE_EMBEDDED_PATH',
    )
  const ports = { clock: systemClock, random: systemRandom, log: silentLog }
  try {
    const datastore = await openEmbedded({ path, ...ports }, call)
    const ipam = createIpam({ datastore, ...ports })
    return {
      datastore,
      ipam,
      client: createClient(datastore, { ...ports, ipam }),
      [Symbol.asyncDispose]: () => datastore[Symbol.asyncDispose](),
    }
  } catch (cause) {
    throw new CtlError(`Failed to create Calico API client: ${messageOf(cause)}`, { cause })
  }
}

interface Choice {
  readonly type: string
  readonly path: string
}

function readEnvironment(environment: Environment): Choice {
  const read = (name: string): string | undefined => environment[`CALICO_${name}`] || environment[name]
  return {
    type: read('DATASTORE_TYPE')?.toLowerCase() ?? 'embedded',
    path: environment.TORTIE_EMBEDDED_PATH || defaultStore,
  }
}

/** undefined when the default file is not there. */
function readFile(path: string): Choice | undefined {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    if (path === defaultConfig) return undefined
    throw new CtlError(`Error reading config file: ${path}`, { cause })
  }
  const config = (parse(text) ?? {}) as {
    apiVersion?: string
    kind?: string
    spec?: { datastoreType?: string; embeddedPath?: string }
  }
  if (config.apiVersion !== 'projectcalico.org/v3')
    throw new CtlError(`invalid config file: unknown APIVersion '${config.apiVersion ?? ''}'`)
  if (config.kind !== 'CalicoAPIConfig')
    throw new CtlError(`invalid config file: expected kind 'CalicoAPIConfig', got '${config.kind ?? ''}'`)
  return { type: config.spec?.datastoreType ?? 'embedded', path: config.spec?.embeddedPath ?? defaultStore }
}

export { defaultConfig }
