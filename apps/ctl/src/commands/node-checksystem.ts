import { CtlError } from '../errors.ts'
import type { Host } from '../host.ts'
import type { ExitCode, Shell } from '../shell.ts'

/** A kernel feature: found under any of its names, or in the kernel's configuration. */
interface Feature {
  readonly name: string
  readonly options: readonly string[]
  readonly aliases?: readonly string[]
  readonly optional?: true
}

const lowestVersion = [2, 6, 24] as const

/** Spec 06 §11.3; the last is what our agent itself writes its rules with. */
const features: readonly Feature[] = [
  { name: 'ip_set', options: ['CONFIG_IP_SET'] },
  { name: 'ip6_tables', options: ['CONFIG_IP6_NF_IPTABLES'], optional: true },
  { name: 'ip_tables', options: ['CONFIG_IP_NF_IPTABLES'] },
  { name: 'ipt_ipvs', aliases: ['xt_ipvs'], options: ['CONFIG_NETFILTER_XT_MATCH_IPVS'] },
  { name: 'vfio-pci', aliases: ['vfio_pci'], options: ['CONFIG_VFIO', 'CONFIG_VFIO_PCI'] },
  { name: 'xt_bpf', options: ['CONFIG_BPF', 'CONFIG_NETFILTER_XT_MATCH_BPF'], optional: true },
  {
    name: 'ipt_REJECT',
    aliases: ['xt_REJECT'],
    options: ['CONFIG_IP_NF_TARGET_REJECT', 'CONFIG_NFT_REJECT', 'CONFIG_NETFILTER_XT_TARGET_REJECT'],
  },
  {
    name: 'xt_rpfilter',
    aliases: ['ipt_rpfilter'],
    options: ['CONFIG_IP_NF_MATCH_RPFILTER', 'CONFIG_IP6_NF_MATCH_RPFILTER', 'CONFIG_NETFILTER_XT_MATCH_RPFILTER'],
  },
  { name: 'nf_conntrack_netlink', options: ['CONFIG_NF_CT_NETLINK'] },
  { name: 'xt_addrtype', options: ['CONFIG_NETFILTER_XT_MATCH_ADDRTYPE'] },
  { name: 'xt_conntrack', options: ['CONFIG_NETFILTER_XT_MATCH_CONNTRACK'] },
  {
    name: 'xt_mark',
    options: ['CONFIG_NETFILTER_XT_MARK', 'CONFIG_IP_NF_TARGET_MARK', 'CONFIG_NETFILTER_XT_TARGET_MARK'],
  },
  { name: 'xt_multiport', options: ['CONFIG_NETFILTER_XT_MATCH_MULTIPORT', 'CONFIG_IP_NF_MATCH_MULTIPORT'] },
  { name: 'xt_set', aliases: ['ipt_set'], options: ['CONFIG_NETFILTER_XT_SET'] },
  { name: 'xt_u32', options: ['CONFIG_NETFILTER_XT_MATCH_U32'], optional: true },
  { name: 'nf_tables', options: ['CONFIG_NF_TABLES'] },
]

/**
 * `node checksystem`: the kernel's version and modules. @param kernelConfig its configuration; empty: where it usually is
 * @throws CtlError when something is missing
 */
export function checkSystem(kernelConfig: string, { host, stdout }: Shell): ExitCode {
  let isFit = true
  const say = (name: string, result: 'OK' | 'FAIL' | 'SKIP'): void =>
    stdout(`\t\t${name.padEnd(20)}\t\t\t\t\t${result}\n`)
  stdout('Checking kernel version...\n')
  const release = host.release()
  const isNewEnough = atLeast(release, lowestVersion)
  say(release, isNewEnough ? 'OK' : 'FAIL')
  if (!isNewEnough) {
    isFit = false
    stdout(`Minimum kernel version to run Calico is ${lowestVersion.join('.')}. Detected kernel version: ${release}\n`)
  }
  stdout('Checking kernel modules...\n')
  const isThere = finder(host, release, kernelConfig)
  for (const feature of features) {
    if (isThere(feature)) say(feature.name, 'OK')
    else if (feature.optional) {
      stdout(`WARNING: Unable to detect optional module/feature ${feature.name}; continuing\n`)
      say(feature.name, 'SKIP')
    } else {
      isFit = false
      stdout(`WARNING: Unable to detect the ${feature.name} module as Loaded/Builtin module or lsmod\n`)
      say(feature.name, 'FAIL')
    }
  }
  if (!isFit) throw new CtlError("system doesn't meet one or more minimum systems requirements to run Calico")
  stdout('System meets minimum system requirements to run Calico!\n')
  return 0
}

function atLeast(release: string, lowest: readonly number[]): boolean {
  const found = release.split(/[.-]/, 3).map(Number)
  for (const [at, part] of lowest.entries()) {
    const own = Number.isNaN(found[at] ?? Number.NaN) ? 0 : (found[at] ?? 0)
    if (own !== part) return own > part
  }
  return true
}

/** In `/sys/module`, the lists of modules that can be loaded or are built in, those loaded, and the configuration. */
function finder(host: Host, release: string, kernelConfig: string): (feature: Feature) => boolean {
  const lists = ['modules.dep', 'modules.builtin'].map((name) => host.readText(`/lib/modules/${release}/${name}`) ?? '')
  const files = new Set(lists.flatMap((list) => [...list.matchAll(/([^/\s:]+)\.ko\b/g)].map(([, name]) => plain(name))))
  const loaded = new Set((host.readText('/proc/modules') ?? '').split('\n').map((line) => plain(line.split(' ', 1)[0])))
  const places = kernelConfig === '' ? configPlaces(release) : [kernelConfig]
  const config = places.map((path) => host.readText(path)).find((text) => text !== undefined) ?? ''
  const options = new Set([...config.matchAll(/^(CONFIG_\w+)=[ym]/gm)].map(([, option]) => option))
  return ({ name, aliases = [], options: wanted }) =>
    [name, ...aliases].some((one) => {
      const module = plain(one)
      return host.exists(`/sys/module/${module}`) || files.has(module) || loaded.has(module)
    }) || wanted.some((option) => options.has(option))
}

/** `-` and `_` are the same in names of modules. */
function plain(name = ''): string {
  return name.replaceAll('-', '_')
}

/** The running kernel's own first, which calicoctl does not know. */
function configPlaces(release: string): string[] {
  return [
    '/proc/config.gz',
    '/usr/src/linux/.config',
    `/boot/config-${release}`,
    `/usr/src/linux-${release}/.config`,
    `/usr/src/linux-headers-${release}/.config`,
    `/lib/modules/${release}/build/.config`,
  ]
}
