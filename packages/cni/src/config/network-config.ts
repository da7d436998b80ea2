import { CniError } from '../errors.ts'
import { nameRule } from '../protocol/environment.ts'
import { anything, type Decoded, flag, integer, listOf, shape, text } from './decode.ts'

const attachment = shape({ containerID: text(), ifname: text() })

const mesosLabels = shape({
  network_info: shape({ labels: shape({ labels: listOf(shape({ key: text(), value: text() })) }) }),
})

/** The keys of a network config: spec 04 §3, and ours at the end. One row for each; the rest of the file is passed on. */
const fields = {
  cniVersion: text(),
  name: text(),
  type: text(),
  prevResult: anything,
  ipam: shape({
    type: text(),
    subnet: text(),
    assign_ipv4: text('true'),
    assign_ipv6: text('false'),
    ipv4_pools: listOf(text()),
    ipv6_pools: listOf(text()),
  }),
  args: shape({ 'org.apache.mesos': mesosLabels }),
  mtu: integer(0),
  num_queues: integer(1),
  device_type: text(),
  nodename: text(),
  nodename_file: text('/var/lib/calico/nodename'),
  nodename_file_optional: flag(),
  hostname: text(),
  ipam_lock_file: text('/var/run/calico/ipam.lock'),
  datastore_type: text(),
  etcd_endpoints: text(),
  etcd_authority: text(),
  etcd_scheme: text(),
  etcd_discovery_srv: text(),
  etcd_key_file: text(),
  etcd_cert_file: text(),
  etcd_ca_cert_file: text(),
  kubernetes: shape({ kubeconfig: text(), k8s_api_root: text(), node_name: text() }),
  policy: shape({ type: text() }),
  log_level: text('info'),
  log_file_path: text(),
  log_file_max_size: integer(0),
  log_file_max_age: integer(0),
  log_file_max_count: integer(0),
  feature_control: shape({ ip_addrs_no_ipam: flag(), floating_ips: flag() }),
  container_settings: shape({ allow_ip_forwarding: flag() }),
  include_default_routes: flag(),
  dataplane_options: anything,
  readiness_gates: listOf(text()),
  policy_setup_timeout_seconds: integer(undefined),
  endpoint_status_dir: text('/var/run/calico/endpoint-status'),
  require_mtu_file: flag(),
  'cni.dev/valid-attachments': listOf(attachment),
  // Ours.
  embedded_path: text(),
  agent_socket: text('/var/run/calico/tortie-cni.sock'),
  mtu_file: text('/var/lib/calico/mtu'),
  policy_setup_timeout_action: text('fail'),
}

const decodeFields = shape(fields)

export type NetworkConfig = Decoded<typeof decodeFields> & {
  /** The whole document, as it is handed to a delegated plugin. */
  readonly document: Readonly<Record<string, unknown>>
}

/** Keys that say where a runtime's config goes on to another plugin; values that cannot work are refused here, by name. */
const rules: readonly ((config: NetworkConfig) => string | undefined)[] = [
  ({ device_type }) =>
    ['', 'veth'].includes(device_type)
      ? undefined
      : `device_type ${JSON.stringify(device_type)} is not supported; leave it out or write "veth"`,
  ({ mtu }) => (mtu < 0 || mtu > 65_535 ? `mtu ${mtu} must be between 0 and 65535 bytes` : undefined),
  ({ policy_setup_timeout_seconds: seconds = 0 }) =>
    seconds < 0 ? `policy_setup_timeout_seconds ${seconds} must not be negative; 0 turns the wait off` : undefined,
  ({ policy_setup_timeout_action: action }) =>
    action === 'fail' || action === 'continue'
      ? undefined
      : `policy_setup_timeout_action ${JSON.stringify(action)} must be "fail" or "continue"`,
  ({ feature_control }) =>
    feature_control.ip_addrs_no_ipam ? 'feature_control.ip_addrs_no_ipam needs Kubernetes pods; remove it' : undefined,
  ({ dataplane_options: options }) => complainAboutDataplane(options),
]

function complainAboutDataplane(options: unknown): string | undefined {
  if (options === undefined || options === null) return undefined
  const type = (options as { readonly type?: unknown }).type ?? 'linux'
  return type === 'linux'
    ? undefined
    : `dataplane_options.type ${JSON.stringify(type)} is not supported; remove dataplane_options`
}

/**
 * Reads a network config.
 * @throws CniError cni/undecodable for what is no JSON object or has a value of a wrong type, cni/bad-config for a
 *   missing or unusable name
 */
export function parseNetworkConfig(json: string): NetworkConfig {
  let document: unknown
  try {
    document = JSON.parse(json)
  } catch (cause) {
    const what = json.trim() === '' ? 'stdin is empty' : 'the network config on stdin is not JSON'
    throw new CniError('cni/undecodable', `${what}; the runtime has to write one plugin's config to it`, { cause })
  }
  const config = { ...decodeFields(document, ''), document: document as Readonly<Record<string, unknown>> }
  if (config.name === '') throw new CniError('cni/bad-config', 'missing network name: add "name" to the network config')
  if (!nameRule.test(config.name))
    throw new CniError(
      'cni/bad-config',
      `invalid network name ${JSON.stringify(config.name)}: "name" must match ${nameRule.source}`,
    )
  return config
}

/** @throws CniError cni/bad-config naming the first key whose value cannot work */
export function checkNetworkConfig(config: NetworkConfig): void {
  for (const complain of rules) {
    const why = complain(config)
    if (why !== undefined) throw new CniError('cni/bad-config', `network config key ${why}`)
  }
}
