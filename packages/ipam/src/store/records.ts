import {
  affinityKey,
  affinityNamePrefix,
  blockKey,
  handleKey,
  isDatastoreError,
  type ResourceKey,
} from '@tortie/datastore'
import { formatPrefix, type Prefix } from '@tortie/ip'
import {
  apiVersion,
  type BlockAffinity,
  type IPAMBlock,
  type IPAMHandle,
  type Kind,
  type ResourceOf,
} from '@tortie/model'
import type { Call } from '@tortie/runtime'
import { type AffinityState, type Owner, stateOf } from '../affinity/affinity.ts'
import { type Block, isEmpty, nextVersion } from '../block/block.ts'
import { collectBlock, formatTime } from '../block/cooldown.ts'
import type { Handle } from '../handle/handle.ts'
import type { Context } from './context.ts'

/** A block as read, with addresses whose rest is over freed in `block` but not yet in the store. */
export interface StoredBlock {
  readonly cidr: string
  readonly resource: IPAMBlock
  readonly block: Block
}

export interface StoredAffinity {
  readonly owner: Owner
  readonly cidr: string
  readonly resource: BlockAffinity
  readonly state: AffinityState
}

export interface StoredHandle {
  readonly resource: IPAMHandle
  readonly handle: Handle
}

/** The object, or undefined when there is none. Objects marked deleted are as good as gone (spec 03 §1.5, T21). */
export async function find<K extends Kind>(
  { datastore }: Context,
  key: ResourceKey<K>,
  call: Call,
): Promise<ResourceOf<K> | undefined> {
  try {
    const resource = await datastore.get(key, call)
    return isTombstone(resource) ? undefined : resource
  } catch (error) {
    if (isDatastoreError(error, 'DoesNotExist')) return undefined
    throw error
  }
}

export async function listAll<K extends Kind>(
  { datastore }: Context,
  kind: K,
  call: Call,
  namePrefix?: string,
): Promise<readonly ResourceOf<K>[]> {
  const { items } = await datastore.list(namePrefix === undefined ? { kind } : { kind, namePrefix }, call)
  return items.filter((item) => !isTombstone(item))
}

function isTombstone(resource: { readonly spec: unknown }): boolean {
  return (resource.spec as { readonly deleted?: boolean } | undefined)?.deleted === true
}

// Blocks

export function openBlock(context: Context, resource: IPAMBlock, cooldownSeconds: number): StoredBlock {
  const { spec } = resource
  return { cidr: spec.cidr, resource, block: collectBlock(spec, cooldownSeconds, context.clock.wallMs()) }
}

export async function findBlock(
  context: Context,
  cidr: string,
  cooldownSeconds: number,
  call: Call,
): Promise<StoredBlock | undefined> {
  const resource = await find(context, blockKey(cidr), call)
  return resource && openBlock(context, resource, cooldownSeconds)
}

export async function listBlocks(context: Context, cooldownSeconds: number, call: Call): Promise<StoredBlock[]> {
  const resources = await listAll(context, 'IPAMBlock', call)
  return resources.map((resource) => openBlock(context, resource, cooldownSeconds))
}

/** @throws DatastoreError AlreadyExists */
export async function createBlock({ datastore }: Context, block: Block, call: Call): Promise<StoredBlock> {
  const metadata = { name: blockKey(block.cidr).name }
  const resource = await datastore.create({ apiVersion, kind: 'IPAMBlock', metadata, spec: block } as IPAMBlock, call)
  return { cidr: block.cidr, resource, block: resource.spec }
}

/** Writes `block` over what was read, as its next version. @throws DatastoreError Conflict, DoesNotExist */
export async function writeBlock(
  { datastore }: Context,
  { cidr, resource }: StoredBlock,
  block: Block,
  call: Call,
): Promise<StoredBlock> {
  const written = await datastore.update({ ...resource, spec: nextVersion(block) }, call)
  return { cidr, resource: written, block: written.spec }
}

/** Writes the block; deletes one that is empty and nobody's. @throws DatastoreError Conflict, DoesNotExist */
export async function writeOrDeleteBlock(
  context: Context,
  stored: StoredBlock,
  block: Block,
  call: Call,
): Promise<void> {
  if (isEmpty(block) && !block.affinity) await ignoreMissing(deleteBlock(context, stored, call))
  else await writeBlock(context, stored, block, call)
}

/** @throws DatastoreError Conflict, DoesNotExist */
export async function deleteBlock(context: Context, { resource }: StoredBlock, call: Call): Promise<void> {
  await context.datastore.delete({ kind: 'IPAMBlock', name: resource.metadata.name }, revisionOf(resource), call)
}

/** Now as an affinity's claim time is stored. */
export function claimTime({ clock }: Context): string {
  return formatTime(clock.wallMs())
}

// Affinities

function openAffinity(resource: BlockAffinity): StoredAffinity {
  const { spec } = resource
  const owner: Owner = { type: spec.type || 'host', name: spec.node }
  return { owner, cidr: spec.cidr, resource, state: stateOf(spec) ?? 'confirmed' }
}

function keyOfAffinity({ type, name }: Owner, cidr: string): ResourceKey<'BlockAffinity'> {
  return affinityKey({ type, node: name, cidr })
}

export async function findAffinity(
  context: Context,
  owner: Owner,
  cidr: string,
  call: Call,
): Promise<StoredAffinity | undefined> {
  const resource = await find(context, keyOfAffinity(owner, cidr), call)
  return resource && openAffinity(resource)
}

/** Affinities of one owner, in the store's order. */
export async function listAffinities(context: Context, owner: Owner, call: Call): Promise<StoredAffinity[]> {
  const namePrefix = affinityNamePrefix({ type: owner.type, node: owner.name })
  return (await listAll(context, 'BlockAffinity', call, namePrefix)).map(openAffinity)
}

export async function listAllAffinities(context: Context, call: Call): Promise<StoredAffinity[]> {
  return (await listAll(context, 'BlockAffinity', call)).map(openAffinity)
}

/** Creates the affinity, or writes the one that was found, in `state`. @throws DatastoreError of a lost race */
export async function writeAffinity(
  { datastore }: Context,
  owner: Owner,
  cidr: string,
  found: StoredAffinity | undefined,
  state: AffinityState,
  call: Call,
): Promise<StoredAffinity> {
  if (found) return openAffinity(await datastore.update(withState(found.resource, state), call))
  const spec = { state, node: owner.name, type: owner.type, cidr, deleted: false }
  const metadata = { name: keyOfAffinity(owner, cidr).name }
  const resource = { apiVersion, kind: 'BlockAffinity', metadata, spec } as BlockAffinity
  return openAffinity(await datastore.create(resource, call))
}

function withState(resource: BlockAffinity, state: AffinityState): BlockAffinity {
  return { ...resource, spec: { ...resource.spec, state } }
}

/** @throws DatastoreError Conflict; an affinity that is gone already is fine */
export async function deleteAffinity(context: Context, { resource }: StoredAffinity, call: Call): Promise<void> {
  const key = { kind: 'BlockAffinity', name: resource.metadata.name } as const
  await ignoreMissing(context.datastore.delete(key, revisionOf(resource), call))
}

// Handles

export async function findHandle(context: Context, id: string, call: Call): Promise<StoredHandle | undefined> {
  const resource = await find(context, handleKey(id), call)
  return resource && { resource, handle: resource.spec }
}

/** Creates or updates; deletes when `handle` is undefined. Returns what is stored now. @throws DatastoreError of a lost race */
export async function writeHandle(
  { datastore }: Context,
  found: StoredHandle | undefined,
  handle: Handle | undefined,
  call: Call,
): Promise<StoredHandle | undefined> {
  if (handle) {
    const metadata = { name: handle.handleID }
    const resource = found
      ? await datastore.update({ ...found.resource, spec: handle }, call)
      : await datastore.create({ apiVersion, kind: 'IPAMHandle', metadata, spec: handle } as IPAMHandle, call)
    return { resource, handle: resource.spec }
  }
  if (!found) return undefined
  const key = { kind: 'IPAMHandle', name: found.resource.metadata.name } as const
  await ignoreMissing(datastore.delete(key, revisionOf(found.resource), call))
  return undefined
}

/** What a delete of something that is gone already amounts to. */
export async function ignoreMissing(deletion: Promise<unknown>): Promise<void> {
  await deletion.catch((error: unknown) => {
    if (!isDatastoreError(error, 'DoesNotExist')) throw error
  })
}

function revisionOf({ metadata }: { readonly metadata: { readonly resourceVersion?: string } }): {
  readonly revision?: string
} {
  return metadata.resourceVersion === undefined ? {} : { revision: metadata.resourceVersion }
}

/** Canonical text of a block's prefix: its key everywhere. */
export function cidrOf(prefix: Prefix): string {
  return formatPrefix(prefix)
}
