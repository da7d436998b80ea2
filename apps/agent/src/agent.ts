import { mkdir, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { createClient, ensureInitialized, isDatastoreError } from '@tortie/datastore'
import { createIpam } from '@tortie/ipam'
import { calicoVersion } from '@tortie/model'
import {
  createNode,
  defaultPools,
  keepTunnelAddresses,
  type NodeConfig,
  type NodePorts,
  poolFamilies,
  registerNode,
  reportNodeStatus,
  resolveConfig,
} from '@tortie/node'
import type { Call, Log } from '@tortie/runtime'
import { systemClock, systemRandom } from '@tortie/runtime/system'
import { createNodeBgp } from './bgp/node-bgp.ts'
import { serveCniSocket } from './cni-socket.ts'
import { openPolicyDataplane, openRoutingDataplane } from './drivers.ts'
import { hostAddresses } from './host-addresses.ts'
import { createMetrics } from './metrics.ts'
import { checkKernel } from './preflight.ts'
import { createServers, healthAnswer, metricsAnswer } from './servers.ts'
import type { Settings } from './settings.ts'
import { endpointStatusFiles } from './status-files.ts'
import { describeStore, openStore, waitingForStore } from './store.ts'

/** Composes one node from the real drivers and runs it. Ends only by throwing. */
export async function runAgent(
  settings: Settings,
  { log, setLevel }: { readonly log: Log; readonly setLevel: (severity: string) => void },
  call: Call,
): Promise<never> {
  await checkKernel(call)
  await using resources = new AsyncDisposableStack()
  const metrics = createMetrics()
  const datastore = resources.use(
    await openStore(settings.store, { clock: systemClock, random: systemRandom, log }, call),
  )
  const base = { datastore, clock: systemClock, random: systemRandom, log, meter: metrics.meter }
  const local = { file: settings.felixFile, environment: settings.environment }
  const node = createNode(
    { name: settings.nodeName, local, bgp: settings.bgp !== undefined, onConfig },
    {
      ...base,
      openPolicyDataplane: (config) => openPolicyDataplane(config, base),
      openRoutingDataplane: (config) => openRoutingDataplane(config, base),
      endpointStatusFiles: (config) => endpointStatusFiles(config.EndpointStatusPathPrefix),
    },
  )
  const servers = resources.use(createServers(log))
  const bgp = settings.bgp && createNodeBgp(settings, settings.bgp, { ...base, health: node.health })
  function onConfig(config: NodeConfig): void {
    setLevel(config.LogSeverityScreen)
    const { HealthHost, HealthPort, PrometheusMetricsHost, PrometheusMetricsPort } = config
    servers.put('health', config.HealthEnabled, HealthHost, HealthPort, healthAnswer(node.health))
    servers.put(
      'metrics',
      config.PrometheusMetricsEnabled,
      PrometheusMetricsHost,
      PrometheusMetricsPort,
      metricsAnswer(metrics),
    )
  }
  // Until the datastore answers, file and environment say where health is asked for.
  onConfig(resolveConfig(local).config)
  log.info('agent.started', { node: settings.nodeName, datastore: describeStore(settings.store), pid: process.pid })
  await waitingForStore(() => initialize(settings, base, call), { ...base, health: node.health }, call)
  resources.use(await serveCniSocket(settings, base, call))
  const ipam = createIpam(base)
  const version = { version: `Tortie, as ${calicoVersion}` }
  const [ended] = await Promise.all([
    node.run(call),
    keepTunnelAddresses(settings.nodeName, { ...base, ipam }, call),
    reportNodeStatus(settings.nodeName, { ...base, bgp: bgp?.control }, version, call),
    bgp?.run(call),
  ])
  return ended
}

/** What a first node creates: cluster identity, built-in tiers, its Node, default pools. */
async function initialize(
  settings: Settings,
  ports: Pick<NodePorts, 'datastore' | 'clock' | 'random' | 'log'>,
  call: Call,
): Promise<void> {
  await ensureInitialized(ports.datastore, { version: calicoVersion, clusterType: 'tortie' }, ports, call)
  const addresses = hostAddresses()
  const { environment } = settings
  await registerNode({ name: settings.nodeName, environment, addresses }, ports, call)
  await mkdir(dirname(settings.nodenameFile), { recursive: true })
  await writeFile(settings.nodenameFile, settings.nodeName)
  const existing = await poolFamilies(ports.datastore, call)
  const pools = createClient(ports.datastore, { ...ports, ipam: createIpam(ports) }).of('IPPool')
  for (const pool of defaultPools(environment, addresses)) {
    if (existing.has(pool.spec.cidr.includes(':') ? 6 : 4)) continue
    await pools.create(pool, call).catch((error: unknown) => {
      if (!isDatastoreError(error, 'AlreadyExists')) throw error // another node was first
    })
  }
}
