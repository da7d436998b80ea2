import { readFileSync } from 'node:fs'
import {
  type Client,
  createClient,
  createDatastore,
  createMemoryState,
  type Datastore,
  type RawStore,
} from '@tortie/datastore'
import { EmbeddedStoreError, openEmbeddedStore } from '@tortie/datastore-embedded'
import type { EtcdSource } from '@tortie/datastore-etcd'
import { createIpam, type Ipam } from '@tortie/ipam'
import type { Call, Log } from '@tortie/runtime'
import { systemClock, systemRandom } from '@tortie/runtime/system'
import { CtlError, messageOf, NoClient, oneLine } from './errors.ts'
import { withOverlay } from './overlay-store.ts'
import { defaultConfig } from './tree/common.ts'

type Environment = Readonly<Record<string, string | undefined>>

export interface Connection extends AsyncDisposable {
  readonly datastore: Datastore
  readonly client: Client
  readonly ipam: Ipam
  readonly store: RawStore
  /** What the store holds: for a try without what was written. */
  readonly stored: Client
}

/**
 * `use` a store that is there, or `make` it when it is not; `try` and `try to make` the same without effect: what is
 * written is seen by nobody else.
 */
export type Access = 'use' | 'make' | 'try' | 'try to make'

const defaultStore = '/var/lib/calico/tortie'

/**
 * Opens the store that the config file names, or, when the default file is absent, the environment: variables are looked
 * up with the prefix `CALICO_` first. The two are never merged. Spec 06 §2.
 * @throws CtlError, and what opening the store throws
 */
export async function connect(
  path: string,
  environment: Environment,
  ports: { readonly log: Log; readonly access: Access },
  call: Call,
): Promise<Connection> {
  return await open((await readFile(path)) ?? readEnvironment(environment), ports, call)
}

async function open(
  choice: Choice,
  { log, access }: { readonly log: Log; readonly access: Access },
  call: Call,
): Promise<Connection> {
  const ports = { clock: systemClock, random: systemRandom, log }
  const store = await openStore(choice, { ...ports, create: access === 'make' }, call).catch((error: unknown) => {
    if (access === 'try to make' && error instanceof EmbeddedStoreError && error.code === 'embedded/absent')
      return createMemoryState().open()
    throw error
  })
  const clientOf = (datastore: Datastore): Pick<Connection, 'datastore' | 'ipam' | 'client'> => {
    const ipam = createIpam({ datastore, ...ports })
    return { datastore, ipam, client: createClient(datastore, { ...ports, ipam }) }
  }
  const stored = clientOf(createDatastore(store, ports))
  const seen = access.startsWith('try') ? clientOf(createDatastore(withOverlay(store), ports)) : stored
  return { ...seen, store, stored: stored.client, [Symbol.asyncDispose]: () => store[Symbol.asyncDispose]() }
}

type Opening = Omit<Parameters<typeof openEmbeddedStore>[0], 'path'>

async function openStore(choice: Choice, { create, ...ports }: Opening, call: Call): Promise<RawStore> {
  const { type } = choice
  if (type === 'embedded')
    return await openEmbeddedStore({ path: choice.path, ...(create !== undefined && { create }), ...ports }, call)
  if (type === 'etcdv3') return await openEtcd(choice.etcd, ports, call)
  throw new NoClient(
    `datastore type '${type}' is not supported by this release; set DATASTORE_TYPE=etcdv3 and ETCD_ENDPOINTS, or ` +
      'DATASTORE_TYPE=embedded and TORTIE_EMBEDDED_PATH',
  )
}

/** Loaded only where it is used: most of it is HTTP/2. */
async function openEtcd(
  { environment, file }: EtcdChoice,
  ports: Omit<Opening, 'create'>,
  call: Call,
): Promise<RawStore> {
  const { EtcdError, etcdEnvironment, openEtcdStore, readEtcdSettings } = await import('@tortie/datastore-etcd')
  try {
    const settings = readEtcdSettings(file ? file.source : etcdEnvironment(environment))
    return await openEtcdStore({ ...settings, ...ports }, call)
  } catch (error) {
    if (!(error instanceof EtcdError)) throw error
    const where = file && error.code === 'etcd/bad-options' ? `${file.path}: ` : ''
    throw new NoClient(`${where}${error.message}`, { cause: error })
  }
}

/** Where the settings of etcd are written: in a file alone, or in the environment. */
interface EtcdChoice {
  readonly environment: Environment
  readonly file?: { readonly path: string; readonly source: EtcdSource }
}

interface Choice {
  readonly type: string
  /** Of the embedded store. */
  readonly path: string
  readonly etcd: EtcdChoice
}

function readEnvironment(environment: Environment): Choice {
  const read = (name: string): string => environment[`CALICO_${name}`] || environment[name] || ''
  return {
    type: chosen(read('DATASTORE_TYPE'), {
      etcd: read('ETCD_ENDPOINTS') || read('ETCD_DISCOVERY_SRV') || read('ETCD_AUTHORITY'),
      embedded: read('TORTIE_EMBEDDED_PATH'),
      kubernetes: read('KUBECONFIG') || read('K8S_API_ENDPOINT'),
    }),
    path: read('TORTIE_EMBEDDED_PATH') || defaultStore,
    etcd: { environment },
  }
}

/**
 * The type that is named, else the one that the other settings suggest (spec 06 §2); where none does, calicoctl looks
 * for a Kubernetes cluster, and we for the embedded store of this host.
 */
function chosen(named: string, suggests: Readonly<Record<'etcd' | 'embedded' | 'kubernetes', string>>): string {
  if (named !== '') return named.toLowerCase()
  if (suggests.etcd !== '') return 'etcdv3'
  return suggests.embedded === '' && suggests.kubernetes !== '' ? 'kubernetes' : 'embedded'
}

/** undefined when the default file is not there. */
async function readFile(path: string): Promise<Choice | undefined> {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    if (path === defaultConfig) return undefined
    throw new CtlError(`Error reading config file: ${path}`, { cause, stream: 'stdout' })
  }
  const { apiVersion, kind, spec = {}, ...others } = await parseConfig(text, path)
  if (apiVersion !== 'projectcalico.org/v3')
    throw new CtlError(`invalid config file: unknown APIVersion '${apiVersion ?? ''}'`)
  if (kind !== 'CalicoAPIConfig')
    throw new CtlError(`invalid config file: expected kind 'CalicoAPIConfig', got '${kind ?? ''}'`)
  const unknown =
    Object.keys(others).find((name) => name !== 'metadata') ?? Object.keys(spec).find((name) => !fields.has(name))
  if (unknown !== undefined)
    throw new CtlError(`syntax error in ${path}: unknown field "${unknown}"; correct its name or leave it out`)
  const read = (field: string): string => String(spec[field] ?? '')
  return {
    type: chosen(read('datastoreType'), {
      etcd: read('etcdEndpoints') || read('etcdDiscoverySrv'),
      embedded: read('embeddedPath'),
      kubernetes: read('kubeconfig') || read('kubeconfigInline') || read('k8sAPIEndpoint'),
    }),
    path: read('embeddedPath') || defaultStore,
    etcd: { environment: {}, file: { path, source: (field) => ({ text: read(field), name: `spec.${field}` }) } },
  }
}

interface ConfigFile {
  readonly apiVersion?: string
  readonly kind?: string
  readonly spec?: Readonly<Record<string, unknown>>
}

async function parseConfig(text: string, path: string): Promise<ConfigFile> {
  const { parse } = await import('yaml')
  try {
    const config: unknown = parse(text, { prettyErrors: true })
    if (typeof config === 'object' && config !== null && !Array.isArray(config)) return config
    throw new TypeError('an object is expected, with apiVersion, kind and spec')
  } catch (cause) {
    throw new CtlError(`syntax error in ${path}: ${oneLine(messageOf(cause).split(':\n', 1)[0] ?? '')}`, { cause })
  }
}

/** Of `spec`, spec 06 §2; `embeddedPath` is ours. */
const fields: ReadonlySet<string> = new Set([
  'datastoreType',
  'embeddedPath',
  'etcdEndpoints',
  'etcdDiscoverySrv',
  'etcdUsername',
  'etcdPassword',
  'etcdKeyFile',
  'etcdCertFile',
  'etcdCACertFile',
  'etcdKey',
  'etcdCert',
  'etcdCACert',
  'kubeconfig',
  'kubeconfigInline',
  'k8sAPIEndpoint',
  'k8sKeyFile',
  'k8sCertFile',
  'k8sCAFile',
  'k8sAPIToken',
  'k8sInsecureSkipTLSVerify',
  'k8sDisableNodePoll',
  'usePodCIDR',
  'k8sClientQPS',
  'k8sClientBurst',
  'k8sCurrentContext',
  'calicoAPIGroup',
])
