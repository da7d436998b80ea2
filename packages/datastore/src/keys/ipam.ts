import { apiVersion, blockName, decodeBlockSpec, type JsonObject, type Kind, type ResourceOf } from '@tortie/model'
import type { ResourceKey } from '../contract.ts'
import { DatastoreError } from '../errors.ts'
import { prefixRange } from '../raw-store.ts'
import { affinityName, canonicalCidr, parseAffinityName, parseBlockName } from './ipam-names.ts'
import { inOrder, type KeyRow, withoutUndefined } from './row.ts'

const root = '/calico/ipam/v2/'

/** Values of IPAM keys have no metadata and no `spec`; part of the spec may lie in the key alone (spec 01 §2.3). */
function ipamResource<K extends Kind>({ kind, name }: ResourceKey<K>, spec: object): ResourceOf<K> {
  return { apiVersion, kind, metadata: { name }, spec } as unknown as ResourceOf<K>
}

function bad(key: ResourceKey, why: string): never {
  throw new DatastoreError('BadKey', { ...key, why })
}

function segmentOf(cidr: string): string {
  return `ipv${cidr.includes(':') ? 6 : 4}/block/${cidr.replace('/', '-')}`
}

function cidrOfSegment(segment: string): string | undefined {
  const [, family, text = ''] = /^ipv([46])\/block\/([^/]+)$/.exec(segment) ?? []
  const cidr = canonicalCidr(text.replace('-', '/'))
  return cidr !== undefined && family === (cidr.includes(':') ? '6' : '4') ? cidr : undefined
}

const blocks = `${root}assignment/`
/** As Go writes them. */
const blockOrder = [
  'cidr',
  'affinity',
  'affinity_claim_time',
  'allocations',
  'unallocated',
  'attributes',
  'sequenceNumber',
  'sequenceNumberForAllocation',
  'deleted',
]

export const blockRow: KeyRow<'IPAMBlock'> = {
  kind: 'IPAMBlock',
  mayBeEmpty: false,
  range: () => prefixRange(blocks),
  format(key) {
    const cidr = parseBlockName(key.name) ?? bad(key, 'a block is named after its network: 10-65-0-0-26; use blockKey')
    return blocks + segmentOf(cidr)
  },
  parse(text) {
    const cidr = text.startsWith(blocks) ? cidrOfSegment(text.slice(blocks.length)) : undefined
    return cidr === undefined ? undefined : { kind: 'IPAMBlock', name: blockName(cidr) }
  },
  encode({ kind, metadata: { name }, spec }) {
    if (blockName(spec.cidr) !== name) bad({ kind, name }, `its spec.cidr is ${spec.cidr}; use blockKey`)
    const { affinityClaimTime, affinity, ...rest } = spec
    const fields = withoutUndefined({
      ...rest,
      affinity: affinity ?? null,
      affinity_claim_time: affinityClaimTime ?? undefined,
      sequenceNumberForAllocation: spec.sequenceNumberForAllocation ?? {},
    })
    return inOrder(blockOrder, fields)
  },
  decode(key, { affinity_claim_time: claimTime, ...value }) {
    const spec = decodeBlockSpec({ sequenceNumberForAllocation: {}, ...value })
    for (const number of [spec.sequenceNumber, ...Object.values(spec.sequenceNumberForAllocation ?? {})])
      if (typeof number !== 'bigint') throw new TypeError(`a sequence number is ${JSON.stringify(number)}`)
    return ipamResource(key, {
      ...spec,
      cidr: parseBlockName(key.name),
      affinity: spec.affinity ?? null,
      ...(typeof claimTime === 'string' && { affinityClaimTime: claimTime }),
      allocations: spec.allocations ?? [],
    })
  },
}

const affinities = new RegExp(`^${root}(host|virtual)/([^/:]+)/(ipv[46]/block/[^/]+)$`)

export const affinityRow: KeyRow<'BlockAffinity'> = {
  kind: 'BlockAffinity',
  mayBeEmpty: true,
  range({ namePrefix = '' }) {
    const [, type, node] = /^(host|virtual):([^:/]+):/.exec(namePrefix) ?? []
    if (type !== undefined) return prefixRange(`${root}${type}/${node}/`)
    // No other keys lie between those of hosts and those of virtual owners.
    return { from: prefixRange(`${root}host/`).from, to: prefixRange(`${root}virtual/`).to }
  },
  format(key) {
    const { type, node, cidr } =
      parseAffinityName(key.name) ?? bad(key, 'an affinity is named host:<node>:10-65-0-0-26; use affinityKey')
    return `${root}${type}/${node}/${segmentOf(cidr)}`
  },
  parse(text) {
    const [, type, node = '', segment = ''] = affinities.exec(text) ?? []
    const cidr = cidrOfSegment(segment)
    if (type === undefined || cidr === undefined) return undefined
    return { kind: 'BlockAffinity', name: affinityName({ type: type as 'host' | 'virtual', node, cidr }) }
  },
  encode({ kind, metadata: { name }, spec: { type, node, cidr, ...stored } }) {
    if (affinityName({ type, node, cidr }) !== name)
      bad({ kind, name }, `its spec says ${affinityName({ type, node, cidr })}; use affinityKey`)
    return withoutUndefined(stored)
  },
  decode(key, value) {
    const identity = parseAffinityName(key.name) ?? bad(key, 'use affinityKey')
    return ipamResource(key, { ...value, state: value.state ?? '', ...identity, deleted: value.deleted ?? false })
  },
}

const handles = `${root}handle/`

export const handleRow: KeyRow<'IPAMHandle'> = {
  kind: 'IPAMHandle',
  mayBeEmpty: false,
  range: ({ namePrefix = '' }) => prefixRange(handles + namePrefix),
  format(key) {
    if (key.name === '' || key.name.includes('/')) bad(key, 'give a handle without slashes')
    return handles + key.name
  },
  parse(text) {
    const name = text.startsWith(handles) ? text.slice(handles.length) : ''
    return name === '' || name.includes('/') ? undefined : { kind: 'IPAMHandle', name }
  },
  encode({ kind, metadata: { name }, spec: { handleID, ...stored } }) {
    if (handleID !== name) bad({ kind, name }, `its spec.handleID is ${handleID}; use handleKey`)
    return withoutUndefined(stored)
  },
  decode: (key, value) =>
    ipamResource(key, { ...value, handleID: key.name, block: value.block ?? {}, deleted: value.deleted ?? false }),
}

const config = `${root}config`

/** Written as Go does: what is false, zero or empty is left out, so an absent boolean reads as false. */
export const ipamConfigRow: KeyRow<'IPAMConfig'> = {
  kind: 'IPAMConfig',
  mayBeEmpty: false,
  range: () => prefixRange(config),
  format: (key) => (key.name === 'default' ? config : bad(key, 'its only name is default')),
  parse: (text) => (text === config ? { kind: 'IPAMConfig', name: 'default' } : undefined),
  encode({ spec: { strictAffinity = false, autoAllocateBlocks = true, ...rest } }): JsonObject {
    const fields = { strict_affinity: strictAffinity, auto_allocate_blocks: autoAllocateBlocks, ...rest }
    return Object.fromEntries(Object.entries(fields).filter(([, value]) => Boolean(value)))
  },
  decode(key, { strict_affinity: strict = false, auto_allocate_blocks: auto = false, ...rest }) {
    return ipamResource(key, { strictAffinity: strict, autoAllocateBlocks: auto, maxBlocksPerHost: 0, ...rest })
  },
}
