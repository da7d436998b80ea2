import { containsAddress, type Family, formatAddress, overlaps, parseCidr, parsePrefix, prefixOf } from '@tortie/ip'
import { NodeError } from '../errors.ts'

/** An address of a host interface: `cidr` keeps the host bits, `10.0.0.5/24`. */
export interface HostAddress {
  readonly interface: string
  readonly ifindex: number
  readonly cidr: string
}

/** Interfaces that are never a node's own, spec 07 a3. */
const excluded =
  /^(docker|cbr|dummy|podman|virbr|lxcbr|veth|lo|br-|cali|tunl|flannel|kube-ipvs|cni|vxlan\.calico|vxlan-v6\.calico|wireguard\.cali|wg-v6\.cali|nodelocaldns)/
/** What is not global unicast. */
const notGlobal = ['0.0.0.0/8', '127.0.0.0/8', '169.254.0.0/16', '224.0.0.0/3', '::/127', 'fe80::/10', 'ff00::/8'].map(
  parsePrefix,
)

/**
 * The node's address of one family by `method` (spec 07 a3: first-found, interface=, skip-interface=, cidr=).
 * Interfaces are looked at from the highest index down.
 * @throws NodeError node/bad-config for a method that is not known
 */
export function autodetect(addresses: readonly HostAddress[], family: Family, method: string): HostAddress | undefined {
  const accepts = acceptor(method)
  return [...addresses]
    .sort((a, b) => b.ifindex - a.ifindex)
    .find((candidate) => {
      const { address, length } = parseCidr(candidate.cidr)
      const network = prefixOf(address, length)
      return address.family === family && !notGlobal.some((bad) => overlaps(bad, network)) && accepts(candidate)
    })
}

function acceptor(method: string): (candidate: HostAddress) => boolean {
  const [name = '', argument = ''] = method === '' ? ['first-found'] : splitOnce(method)
  const patterns = (): RegExp[] => argument.split(',').map((pattern) => new RegExp(pattern))
  switch (name) {
    case 'first-found':
      return (candidate) => !excluded.test(candidate.interface)
    case 'interface': {
      const wanted = patterns()
      return (candidate) => wanted.some((pattern) => pattern.test(candidate.interface))
    }
    case 'skip-interface': {
      const unwanted = [excluded, ...patterns()]
      return (candidate) => !unwanted.some((pattern) => pattern.test(candidate.interface))
    }
    case 'cidr': {
      const cidrs = argument.split(',').map(parsePrefix)
      return ({ cidr }) => cidrs.some((prefix) => containsAddress(prefix, parseCidr(cidr).address))
    }
    default:
      throw new NodeError('node/bad-config', {
        source: 'environment',
        name: 'IP_AUTODETECTION_METHOD',
        value: method,
        why: 'write first-found, interface=REGEX, skip-interface=REGEX or cidr=CIDR',
      })
  }
}

function splitOnce(method: string): [string, string] {
  const at = method.indexOf('=')
  return at < 0 ? [method, ''] : [method.slice(0, at), method.slice(at + 1)]
}

/** The prefix length of a bare address, from the interface that holds it; a host prefix if none does. */
export function withPrefix(address: string, addresses: readonly HostAddress[]): string {
  if (address.includes('/')) return address
  const text = formatAddress(parseCidr(address).address)
  const holder = addresses.find(({ cidr }) => formatAddress(parseCidr(cidr).address) === text)
  return holder?.cidr ?? `${text}/${text.includes(':') ? 128 : 32}`
}
