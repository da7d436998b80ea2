import { type Datastore, isDatastoreError } from '@tortie/datastore'
import { canonicalPrefix, formatAddress, formatPrefix, hostPrefix, isPrefix, parseCidr } from '@tortie/ip'
import { type Assignment, createIpam, fulfilled, type Ipam, isIpamError } from '@tortie/ipam'
import type { Call } from '@tortie/runtime'
import { CniError, textOf } from '../errors.ts'
import { type CniResult, isV6 } from '../protocol/result.ts'
import type { Session } from '../session.ts'
import type { AddressSource } from './address-source.ts'
import { formatGoTime } from './go-time.ts'
import { handlesOf } from './stale-handles.ts'

const operationMs = 90_000
const giveBackMs = 30_000

interface Manager extends Session {
  readonly store: Datastore
  readonly node: string
  readonly ipam: Ipam
  readonly handle: string
}

/** Calico's address manager, in this process: spec 04 §11.3. Addresses are held by `<network>.<container id>`. */
export function calicoSource(session: Session, store: Datastore, node: string): AddressSource {
  const { config, invocation, drivers, log } = session
  const ipam = createIpam({ datastore: store, clock: drivers.clock, random: drivers.random, log })
  const manager = { ...session, store, node, ipam, handle: `${config.name}.${invocation.containerId}` }
  return {
    async allocate(call) {
      using _ = await lockHost(session, call)
      return await allocate(manager, within(operationMs, call))
    },
    async release(call) {
      using _ = await lockHost(session, call)
      // The second form is that of old allocations.
      for (const handle of [manager.handle, invocation.containerId])
        await releaseHandle(ipam, handle, within(operationMs, call))
    },
    check: (addresses, call) => checkAllocation(manager, addresses, call),
    async collect(containers, call) {
      for (const handle of await handlesOf(store, { network: config.name, node, except: containers }, call)) {
        log.info('cni.gc.released', { handle })
        await releaseHandle(ipam, handle, call)
      }
    },
    status: (call) => requirePools(manager, call),
  }
}

/**
 * The address manager is correct without it; with it the containers of a host do not lose races against each other. What
 * cannot be locked goes on unlocked (spec 04 §11.3).
 */
async function lockHost({ config, drivers, log }: Session, call: Call): Promise<Disposable> {
  const { ipam_lock_file: file } = config
  try {
    if (file !== '') return await drivers.lock(file, call)
  } catch (error) {
    call.signal.throwIfAborted()
    log.warn('cni.ipam.not-locked', { file, error })
  }
  return { [Symbol.dispose]: () => undefined }
}

function within(ms: number, { signal }: Call): Call {
  return { signal: AbortSignal.any([signal, AbortSignal.timeout(ms)]) }
}

async function releaseHandle(ipam: Ipam, handle: string, call: Call): Promise<void> {
  try {
    await ipam.releaseByHandle({ handle }, call)
  } catch (error) {
    if (!isIpamError(error, 'ipam/unknown-handle')) throw error
  }
}

/** All or nothing. */
async function allocate(manager: Manager, call: Call): Promise<CniResult> {
  const { node, drivers, handle, args, ipam } = manager
  const attributes = { node, timestamp: formatGoTime(drivers.clock.wallNs()) }
  const common = { handle, attributes, host: node, intendedUse: 'Workload' } as const
  if (args.ip !== undefined) {
    const address = requestedAddress(args.ip)
    await ipam.assignIp({ ...common, address: formatAddress(address.address) }, call)
    return resultOf([formatPrefix(hostPrefix(address.address))])
  }
  const wanted = wantedFamilies(manager)
  const [pools4, pools6] = await Promise.all([resolvePools(manager, 4, call), resolvePools(manager, 6, call)])
  const pools = { ...(pools4.length > 0 && { pools4 }), ...(pools6.length > 0 && { pools6 }) }
  const assignment = await ipam.autoAssign({ ...common, ...wanted, ...pools }, call)
  const addresses = [...assignment.ipv4.addresses, ...assignment.ipv6.addresses]
  try {
    requireAll(assignment)
  } catch (error) {
    await giveBack(manager, addresses)
    throw error
  }
  return resultOf(addresses)
}

/** Spec 04 §11.3 step 9: the block's mask, and one route for each address with that mask and the host's bits. */
function resultOf(addresses: readonly string[]): CniResult {
  return { interfaces: [], ips: addresses.map((address) => ({ address })), routes: addresses.map((dst) => ({ dst })) }
}

function requestedAddress(text: string): ReturnType<typeof parseCidr> {
  try {
    return parseCidr(text)
  } catch (cause) {
    throw new CniError('cni/bad-environment', `CNI_ARGS asks for IP=${text}: ${textOf(cause)}`, { cause })
  }
}

/** Only the exact texts count (spec 04 §3, T2). */
function wantedFamilies({ config }: Session): { readonly num4: number; readonly num6: number } {
  const num4 = config.ipam.assign_ipv4 === 'false' ? 0 : 1
  const num6 = config.ipam.assign_ipv6 === 'true' ? 1 : 0
  if (num4 + num6 > 0) return { num4, num6 }
  throw new CniError(
    'cni/bad-config',
    'ipam.assign_ipv4 is "false" and ipam.assign_ipv6 is not "true": a container needs an address of one family',
  )
}

/** CIDRs as they are, names by what the pool has. @throws CniError cni/bad-config */
async function resolvePools({ config, store }: Manager, family: 4 | 6, call: Call): Promise<readonly string[]> {
  const key = family === 4 ? 'ipv4_pools' : 'ipv6_pools'
  const cidrs: string[] = []
  for (const given of config.ipam[key]) {
    const cidr = isPrefix(given) ? canonicalPrefix(given) : await cidrOfPool(store, given, key, call)
    if (isV6(cidr) !== (family === 6))
      throw new CniError('cni/bad-config', `ipam.${key}: ${given} is no IPv${family} pool`)
    cidrs.push(cidr)
  }
  return cidrs
}

async function cidrOfPool(store: Datastore, name: string, key: string, call: Call): Promise<string> {
  try {
    return canonicalPrefix((await store.get({ kind: 'IPPool', name }, call)).spec.cidr)
  } catch (cause) {
    if (!isDatastoreError(cause, 'DoesNotExist')) throw cause
    throw new CniError(
      'cni/bad-config',
      `ipam.${key}: ${JSON.stringify(name)} is neither a CIDR nor the name of an IPPool; see "tortiectl get ippools"`,
      { cause },
    )
  }
}

function requireAll({ ipv4, ipv6 }: Assignment): void {
  for (const assignment of [ipv4, ipv6])
    try {
      fulfilled(assignment)
    } catch (cause) {
      throw new CniError('cni/failed', `failed to request IPv${assignment.family} addresses: ${textOf(cause)}`, {
        cause,
      })
    }
}

/** Dual stack with one family short: the other is not kept. */
async function giveBack({ ipam, handle, log }: Manager, addresses: readonly string[]): Promise<void> {
  const options = addresses.map((cidr) => ({ address: formatAddress(parseCidr(cidr).address), handle }))
  if (options.length === 0) return
  try {
    await ipam.releaseIps(options, { signal: AbortSignal.timeout(giveBackMs) })
  } catch (error) {
    log.error('cni.ipam.give-back-failed', { addresses, error })
  }
}

async function checkAllocation(manager: Manager, addresses: readonly string[], call: Call): Promise<readonly string[]> {
  const { ipam, handle } = manager
  try {
    const held = new Set((await ipam.ipsByHandle(handle, call)).map((cidr) => formatAddress(parseCidr(cidr).address)))
    return addresses
      .filter((cidr) => !held.has(formatAddress(parseCidr(cidr).address)))
      .map((cidr) => `address ${cidr} is not allocated to ${handle}`)
  } catch (error) {
    if (isIpamError(error, 'ipam/unknown-handle')) return [`no address is allocated to ${handle}`]
    throw error
  }
}

async function requirePools(manager: Manager, call: Call): Promise<void> {
  const { num4, num6 } = wantedFamilies(manager)
  const { items } = await manager.store.list({ kind: 'IPPool' }, call)
  const has = (six: boolean): boolean => items.some(({ spec }) => !spec.disabled && isV6(spec.cidr) === six)
  for (const [wanted, family] of [[num4, 4] as const, [num6, 6] as const])
    if (wanted > 0 && !has(family === 6))
      throw new CniError('cni/failed', `there is no enabled IPv${family} IPPool; create one with "tortiectl create"`)
}
