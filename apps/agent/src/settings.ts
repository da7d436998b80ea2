import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { bgpSocket } from '@tortie/node'
import { parse } from 'ini'
import { type Environment, type FelixFile, readStoreSettings, type StoreSettings } from './store-settings.ts'

/** What the agent needs before it can read the datastore. */
export interface Settings {
  readonly nodeName: string
  readonly store: StoreSettings
  readonly cniSocket: string
  /** Undefined: this node speaks no BGP (CALICO_NETWORKING_BACKEND is none or vxlan). */
  readonly bgp: BgpSettings | undefined
  /** Tells the CNI plugin which node this host is. */
  readonly nodenameFile: string
  /** Parameters of `/etc/calico/felix.cfg`; sections only group them. */
  readonly felixFile: FelixFile
  readonly environment: Environment
}

export interface BgpSettings {
  /** Unix socket on which tortiectl asks. */
  readonly socket: string
  /** Directory of passwords: `<secret>/<key>`. */
  readonly secrets: string
  readonly routerId: string | undefined
  readonly clusterIps: string | undefined
  readonly kubernetesNode: string | undefined
  readonly logLevel: string | undefined
}

/** @throws Error that names the variable and the cure; EtcdError etcd/bad-options likewise */
export function readSettings(environment: Environment): Settings {
  const nodenameFile = environment.CALICO_NODENAME_FILE || '/var/lib/calico/nodename'
  const felixFile = readFelixFile(environment.FELIX_CONFIG_FILE || '/etc/calico/felix.cfg')
  return {
    nodeName: nodeName(environment, nodenameFile),
    nodenameFile,
    store: readStoreSettings(environment, felixFile),
    cniSocket: environment.TORTIE_CNI_SOCKET || '/var/run/calico/tortie-cni.sock',
    bgp: bgpSettings(environment),
    felixFile,
    environment,
  }
}

/** Spec 05 A1. */
function bgpSettings(environment: Environment): BgpSettings | undefined {
  const backend = environment.CALICO_NETWORKING_BACKEND?.trim().toLowerCase()
  if (backend === 'none' || backend === 'vxlan') return undefined
  return {
    socket: environment.TORTIE_BGP_SOCKET || bgpSocket,
    secrets: environment.TORTIE_BGP_SECRETS || '/etc/calico/bgp-secrets',
    routerId: environment.CALICO_ROUTER_ID || undefined,
    clusterIps: environment.CALICO_ADVERTISE_CLUSTER_IPS || undefined,
    kubernetesNode: environment.CALICO_K8S_NODE_REF || undefined,
    logLevel: environment.BGP_LOGSEVERITYSCREEN?.toLowerCase() || undefined,
  }
}

/** Spec 07 a2: NODENAME, the nodename file, HOSTNAME, the host's own name. */
function nodeName(environment: Environment, nodenameFile: string): string {
  const explicit = environment.FELIX_FELIXHOSTNAME?.trim() || environment.NODENAME?.trim()
  if (explicit) return explicit
  const stored = readOptional(nodenameFile)?.trim()
  return stored || (environment.HOSTNAME || hostname()).trim().toLowerCase()
}

function readFelixFile(path: string): Record<string, string> {
  const values: Record<string, string> = {}
  for (const [key, value] of Object.entries(parse(readOptional(path) ?? ''))) {
    if (typeof value === 'object' && value !== null)
      for (const [name, inner] of Object.entries(value as Record<string, unknown>)) values[name] = String(inner)
    else values[key] = String(value)
  }
  return values
}

function readOptional(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
