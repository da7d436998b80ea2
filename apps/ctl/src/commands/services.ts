import { findResource } from '@tortie/datastore'
import { parseJson } from '@tortie/model'
import { CtlError } from '../errors.ts'
import type { CommandContext } from '../shell.ts'

export interface KubernetesAccess {
  /** File; empty: that of the environment. */
  readonly kubeconfig: string
  /** Of it; empty: its current one. */
  readonly context: string
}

/** As far as they matter here. */
interface Service {
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly annotations?: Readonly<Record<string, string>>
  }
  readonly spec?: { readonly type?: string; readonly loadBalancerClass?: string; readonly loadBalancerIP?: string }
  readonly status?: { readonly loadBalancer?: { readonly ingress?: readonly { readonly ip?: string }[] } }
}

/**
 * The addresses of Services that Calico's controller gives addresses to, by name of their owner; undefined when
 * KubeControllersConfiguration has no such controller. They are asked of Kubernetes through kubectl. Spec 06 §11.2.
 * @throws CtlError
 */
export async function loadBalancerAddresses(
  access: KubernetesAccess,
  { connection, shell, call }: CommandContext,
): Promise<ReadonlyMap<string, readonly string[]> | undefined> {
  const key = { kind: 'KubeControllersConfiguration', name: 'default' } as const
  const configuration = await findResource(connection.datastore, key, call)
  const { loadBalancer } = configuration?.spec.controllers ?? {}
  if (!loadBalancer) return undefined
  const file = access.kubeconfig || shell.environment.KUBECONFIG
  if (!file) throw new CtlError('KUBECONFIG environment variable or --kubeconfig parameter not set')
  const { K8S_CURRENT_CONTEXT: current = '', CALICO_K8S_CURRENT_CONTEXT: first = '' } = shell.environment
  const named = access.context || first || current
  const context = named === '' ? [] : ['--context', named]
  const args = ['--kubeconfig', file, ...context, 'get', 'services', '--all-namespaces', '-o', 'json']
  const ran = await shell.host.run('kubectl', args, call)
  if (!ran) throw new CtlError('missing dependency: unable to locate kubectl in PATH: it reads the Services')
  if (ran.code !== 0) throw new CtlError(`kubectl cannot read the Services: ${ran.stderr.trim()}`)
  const { items } = parseJson(ran.stdout) as unknown as { readonly items: readonly Service[] }
  const ours = items.filter((service) => isManaged(service, loadBalancer.assignIPs ?? 'AllServices'))
  return new Map(ours.map((service) => [ownerOf(service), addressesOf(service)]))
}

const calicoClass = 'calico'
/** Each asks for addresses of Calico's. */
const requests = ['ipv4pools', 'ipv6pools', 'loadBalancerIPs'].map((name) => `projectcalico.org/${name}`)

/** Whether Calico's controller gives the Service its address. @param assignIPs to all, or to those that ask for it */
export function isManaged(
  { metadata, spec = {} }: Service,
  assignIPs: 'AllServices' | 'RequestedServicesOnly',
): boolean {
  if (spec.type !== 'LoadBalancer') return false
  if (spec.loadBalancerClass !== undefined) return spec.loadBalancerClass === calicoClass
  if (assignIPs === 'AllServices') return true
  return Boolean(spec.loadBalancerIP) || requests.some((name) => Boolean(metadata.annotations?.[name]))
}

function ownerOf({ metadata: { namespace = '', name } }: Service): string {
  return `Service(${namespace}/${name})`
}

function addressesOf({ status }: Service): readonly string[] {
  return (status?.loadBalancer?.ingress ?? []).flatMap(({ ip }) => (ip ? [ip] : []))
}
