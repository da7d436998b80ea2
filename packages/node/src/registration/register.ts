import { type Datastore, isDatastoreError } from '@tortie/datastore'
import type { Family } from '@tortie/ip'
import { type ResourceOf, timestampOf } from '@tortie/model'
import type { Call, Clock, Log, Random } from '@tortie/runtime'
import { NodeError } from '../errors.ts'
import { autodetect, type HostAddress, withPrefix } from './autodetect.ts'

export interface RegistrationOptions {
  readonly name: string
  /** Calico's start-up variables (spec 07 a3): IP, IP6, IP_AUTODETECTION_METHOD, IP6_AUTODETECTION_METHOD, AS. */
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly addresses: readonly HostAddress[]
}

export interface RegistrationPorts {
  readonly datastore: Datastore
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

/**
 * Creates or updates this node's Node resource, so that other nodes know its address. Keeps every field that is not
 * Calico's to set. @throws NodeError node/no-address
 */
export async function registerNode(
  options: RegistrationOptions,
  ports: RegistrationPorts,
  call: Call,
): Promise<ResourceOf<'Node'>> {
  for (;;) {
    const existing = await find(options.name, ports.datastore, call)
    const wanted = nodeResource(options, existing, ports)
    if (existing && JSON.stringify(existing) === JSON.stringify(wanted)) return existing
    try {
      return await (existing ? ports.datastore.update(wanted, call) : ports.datastore.create(wanted, call))
    } catch (error) {
      const raced = isDatastoreError(error, 'Conflict') || isDatastoreError(error, 'AlreadyExists')
      if (!raced) throw error
    }
  }
}

async function find(name: string, datastore: Datastore, call: Call): Promise<ResourceOf<'Node'> | undefined> {
  try {
    return await datastore.get({ kind: 'Node', name }, call)
  } catch (error) {
    if (isDatastoreError(error, 'DoesNotExist')) return undefined
    throw error
  }
}

function nodeResource(
  options: RegistrationOptions,
  existing: ResourceOf<'Node'> | undefined,
  { clock, random }: RegistrationPorts,
): ResourceOf<'Node'> {
  const was = existing?.spec.bgp
  const ipv4Address = choose(options, 4, was?.ipv4Address)
  const ipv6Address = choose(options, 6, was?.ipv6Address)
  if (!ipv4Address && !ipv6Address) throw new NodeError('node/no-address', { node: options.name })
  const asNumber = options.environment.AS ? Number(options.environment.AS) : was?.asNumber
  const { ipv4Address: _4, ipv6Address: _6, asNumber: _as, ...rest } = was ?? {}
  return {
    ...(existing ?? {
      apiVersion: 'projectcalico.org/v3',
      kind: 'Node',
      metadata: {
        name: options.name,
        uid: random.uuid(),
        creationTimestamp: timestampOf(clock.wallMs()),
      },
    }),
    spec: {
      ...existing?.spec,
      bgp: {
        ...rest,
        ...(asNumber !== undefined && { asNumber }),
        ...(ipv4Address && { ipv4Address }),
        ...(ipv6Address && { ipv6Address }),
      },
    },
  }
}

/** The table of spec 07 a3. */
function choose(
  { environment, addresses }: RegistrationOptions,
  family: Family,
  existing: string | undefined,
): string | undefined {
  const text = (family === 4 ? environment.IP : environment.IP6)?.trim() ?? ''
  const method = (family === 4 ? environment.IP_AUTODETECTION_METHOD : environment.IP6_AUTODETECTION_METHOD) ?? ''
  if (text === 'none') return existing
  if (text === 'autodetect') return autodetect(addresses, family, method)?.cidr ?? existing
  if (text !== '') return withPrefix(text, addresses)
  return existing ?? (family === 4 ? autodetect(addresses, family, method)?.cidr : undefined)
}
