import { containsAddress, formatPrefix, isAddress, parseAddress } from '@tortie/ip'
import type { IPPool, Node, NodeSpec } from '@tortie/model'
import type { Call } from '@tortie/runtime'
import { IpamError, isIpamError } from '../errors.ts'
import type { Pool } from '../pool/pool.ts'
import type { Context } from '../store/context.ts'
import { find, listAll } from '../store/records.ts'
import { swap } from '../store/swap.ts'
import {
  type Tunnel,
  type TunnelAddressState,
  type TunnelKind,
  tunnelPools,
  tunnelStep,
  tunnels,
} from '../tunnel/tunnel.ts'
import { assignIp } from './assign-ip.ts'
import { autoAssign, fulfilled } from './auto-assign.ts'
import { type AddressHolder, getAssignmentAttributes } from './read.ts'
import { releaseByHandle, releaseIps } from './release.ts'

export interface TunnelRequest {
  /** Name of the Node. */
  readonly node: string
  /** WireGuard encrypts host traffic too: its interface then uses the node's own address. */
  readonly wireguardHostEncryption?: boolean
}

/** Tunnel addresses of the node after the pass, where it has them. */
export type TunnelAddresses = { readonly [K in TunnelKind]?: string }

/** A field of the Node to write; undefined: to clear. */
interface Change {
  readonly tunnel: Tunnel
  readonly address: string | undefined
}

/**
 * Gives a node the tunnel addresses that its pools ask for and takes back those they do not, then writes the Node, once.
 * When something fails, what this pass assigned is released. Spec 03 §15.
 * @throws IpamError ipam/bad-request when the Node does not exist; those of `autoAssign` and `releaseByHandle`
 */
export async function ensureTunnelAddresses(
  context: Context,
  { node: name, wireguardHostEncryption = false }: TunnelRequest,
  call: Call,
): Promise<TunnelAddresses> {
  const [node, pools] = await Promise.all([
    find(context, { kind: 'Node', name }, call),
    listAll(context, 'IPPool', call),
  ])
  if (!node) throw noNode(name)
  const changes: Change[] = []
  const assigned: Tunnel[] = []
  try {
    for (const tunnel of tunnels) {
      const off = wireguardHostEncryption && tunnel.kind.startsWith('wireguard')
      const change = await ensureTunnel(context, tunnel, node, off ? [] : pools, assigned, call)
      if (change) changes.push(change)
    }
    return await writeNode(context, name, changes, call)
  } catch (error) {
    for (const tunnel of assigned) await releaseTunnel(context, tunnel, name, call).catch(() => undefined)
    throw error
  }
}

async function ensureTunnel(
  context: Context,
  tunnel: Tunnel,
  node: Node,
  resources: readonly IPPool[],
  assigned: Tunnel[],
  call: Call,
): Promise<Change | undefined> {
  const { name } = node.metadata
  const address = tunnel.read(node.spec)
  const pools = tunnelPools(tunnel, node, resources)
  if (pools.length === 0) {
    await removeTunnel(context, tunnel, name, address, call)
    return address === undefined ? undefined : { tunnel, address: undefined }
  }
  const step = tunnelStep(tunnel, name, address, await stateOf(context, address, pools, call))
  if (step === 'keep') return undefined
  if (step === 'adopt' && address !== undefined && (await adopt(context, tunnel, name, address, call))) return undefined
  if (step === 'replace') await releaseTunnel(context, tunnel, name, call)
  // A crash from here on leaves an address that the next pass finds by the handle.
  assigned.push(tunnel)
  const request = { handle: tunnel.handle(name), attributes: { node: name, type: tunnel.attributeType }, host: name }
  const cidrs = pools.map(({ prefix }) => formatPrefix(prefix))
  const wish = tunnel.family === 4 ? { num4: 1, pools4: cidrs } : { num6: 1, pools6: cidrs }
  const { ipv4, ipv6 } = await autoAssign(context, { ...request, ...wish, intendedUse: 'Tunnel' }, call)
  const [cidr = ''] = fulfilled(tunnel.family === 4 ? ipv4 : ipv6).addresses
  return { tunnel, address: cidr.split('/', 1)[0] }
}

/** An address that rests is as good as missing; Calico fails until it has rested (spec 03 T25). */
async function stateOf(
  context: Context,
  address: string | undefined,
  pools: readonly Pool[],
  call: Call,
): Promise<TunnelAddressState> {
  const holder = address !== undefined && isAddress(address) ? await holderOf(context, address, call) : undefined
  if (!holder || address === undefined) return { kind: 'missing' }
  const { handle, attributes } = holder
  const inWantedPool = pools.some(({ prefix }) => containsAddress(prefix, parseAddress(address)))
  return { kind: 'held', attributes, inWantedPool, ...(handle !== undefined && { handle }) }
}

const absent = ['ipam/not-assigned', 'ipam/cooling-down', 'ipam/not-in-pool'] as const

async function holderOf(context: Context, address: string, call: Call): Promise<AddressHolder | undefined> {
  try {
    return await getAssignmentAttributes(context, address, call)
  } catch (error) {
    if (absent.some((code) => isIpamError(error, code))) return undefined
    throw error
  }
}

/** Takes the same address again, now with handle and attributes. False when another was quicker. */
async function adopt(context: Context, tunnel: Tunnel, node: string, address: string, call: Call): Promise<boolean> {
  await releaseIps(context, [{ address }], call)
  const attributes = { node, type: tunnel.attributeType }
  try {
    await assignIp(context, { address, handle: tunnel.handle(node), attributes, host: node }, call)
    return true
  } catch (error) {
    if (isIpamError(error, 'ipam/address-assigned')) return false
    throw error
  }
}

async function releaseTunnel(context: Context, tunnel: Tunnel, node: string, call: Call): Promise<boolean> {
  try {
    await releaseByHandle(context, { handle: tunnel.handle(node) }, call)
    return true
  } catch (error) {
    if (isIpamError(error, 'ipam/unknown-handle')) return false
    throw error
  }
}

/** Releases what the handle holds; without handle, the node's address if it is surely its own. */
async function removeTunnel(
  context: Context,
  tunnel: Tunnel,
  node: string,
  address: string | undefined,
  call: Call,
): Promise<void> {
  if (await releaseTunnel(context, tunnel, node, call)) return
  const holder = address !== undefined && isAddress(address) ? await holderOf(context, address, call) : undefined
  if (!holder || address === undefined) return
  const { handle, attributes } = holder
  const own = tunnel.handle(node)
  if (handle === own) await releaseIps(context, [{ address, handle: own }], call)
  else if (handle === undefined && Object.keys(attributes).length === 0) await releaseIps(context, [{ address }], call)
  else context.log.warn('ipam.tunnel.address-reused', { node, address, handle })
}

async function writeNode(
  context: Context,
  name: string,
  changes: readonly Change[],
  call: Call,
): Promise<TunnelAddresses> {
  return swap<TunnelAddresses>(
    context,
    `node ${name}`,
    async () => {
      const node = await find(context, { kind: 'Node', name }, call)
      if (!node) throw noNode(name)
      const spec = changes.reduce<NodeSpec>((spec, { tunnel, address }) => tunnel.write(spec, address), node.spec)
      if (changes.length > 0) await context.datastore.update({ ...node, spec }, call)
      return Object.fromEntries(
        tunnels.flatMap((tunnel) => {
          const address = tunnel.read(spec)
          return address === undefined ? [] : [[tunnel.kind, address]]
        }),
      )
    },
    call,
  )
}

function noNode(value: string): IpamError<'ipam/bad-request'> {
  return new IpamError('ipam/bad-request', { field: 'node', value, why: 'names a Node that does not exist' })
}
