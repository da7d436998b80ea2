import { keyOf, keyTable } from '@tortie/datastore'
import { type AnyResource, formatJson, isKind, type JsonObject, type Kind, kinds, parseJson } from '@tortie/model'
import { CtlError, messageOf, oneLine } from '../errors.ts'
import { parseDocuments } from '../input/yaml.ts'
import { formatYaml } from '../output/documents.ts'

/** A datastore as a file: what is exported, and imported elsewhere. */
export interface Migration {
  readonly information: AnyResource
  /** Everything else, in an order in which it can be written. */
  readonly resources: readonly AnyResource[]
}

/** In calicoctl's order (spec 06 §11.5); kinds that it leaves out follow. */
const first = [
  ...['ippools', 'bgppeers', 'tiers', 'globalnetworkpolicies', 'stagedglobalnetworkpolicies', 'globalnetworksets'],
  ...['hostendpoints', 'kubecontrollersconfigurations', 'networkpolicies', 'stagednetworkpolicies'],
  ...['stagedkubernetesnetworkpolicies', 'networksets', 'nodes', 'bgpconfigurations', 'felixconfigurations'],
  ...['ipreservations', 'bgpfilters'],
]

/** By the keys of the section of IPAM. */
const ipamSections = {
  block_affinities: 'BlockAffinity',
  blocks: 'IPAMBlock',
  handles: 'IPAMHandle',
  config: 'IPAMConfig',
} as const satisfies Record<string, Kind>

/** Every kind but ClusterInformation. */
export function migratedKinds(): Kind[] {
  const rank = (kind: Kind): number => first.indexOf(kinds[kind].plural) >>> 0
  const resources = Object.values(kinds).filter(({ hasResourceKey }) => hasResourceKey)
  const sorted = resources.map(({ kind }): Kind => kind).sort((a, b) => rank(a) - rank(b))
  return [...sorted.filter((kind) => kind !== 'ClusterInformation'), ...Object.values(ipamSections)]
}

const separator = '===\n'

/** Lists in YAML, `===`, ClusterInformation, `===`, IPAM in JSON: calicoctl's form, with all kinds. Spec 06 §11.5. */
export function formatMigration({ information, resources }: Migration): string {
  const lists = migratedKinds()
    .filter((kind) => kinds[kind].hasResourceKey)
    .map((kind) => ({ kind, items: resources.filter((resource) => resource.kind === kind) }))
    .filter(({ items }) => items.length > 0)
    .map(({ kind, items }) => formatYaml({ apiVersion: 'projectcalico.org/v3', items, kind: `${kind}List` }))
  const ipam = Object.entries(ipamSections).map(([name, kind]) => {
    const entries = resources.filter((resource) => resource.kind === kind).map(ipamEntry)
    // There is one configuration at most: no list, for calicoctl.
    return [name, kind === 'IPAMConfig' ? entries[0] : entries]
  })
  return [
    lists.map((list) => `${list}---\n`).join(''),
    `${formatJson(information, { indent: 1 })}\n`,
    `${formatJson(Object.fromEntries(ipam), { indent: 1 })}\n`,
  ].join(separator)
}

/** Key and value as in etcd. */
function ipamEntry(resource: AnyResource): JsonObject {
  const row = keyTable[resource.kind]
  const key = row.format(keyOf(resource) as never)
  return { Key: key, Value: row.encode(resource as never), TTL: 0 }
}

/** @throws CtlError naming the file and what is wrong in it */
export function parseMigration(text: string, file: string): Migration {
  const parts = `\n${text}`.split(/\n===(?=\n|$)/)
  const [lists = '', information = '', ipam = ''] = parts
  const improper = `imported file: ${file} is improperly formatted. Try recreating with 'calicoctl export'`
  if (parts.length !== 3) throw new CtlError(improper)
  if (ipam.trim() === '') throw new CtlError('no IPAM resources specified in file')
  try {
    const resources = [...resourcesIn(lists, file), ...addressesIn(parseJson(ipam) as JsonObject)]
    checkDuplicates(resources)
    return { information: informationIn(parseJson(information)), resources }
  } catch (cause) {
    throw new CtlError(`${improper}: ${oneLine(messageOf(cause))}`, { cause })
  }
}

function resourcesIn(text: string, file: string): AnyResource[] {
  return parseDocuments(text, file).flatMap(({ value, place }) => {
    if (value === null) return []
    const { kind, items } = value as { readonly kind?: unknown; readonly items?: unknown }
    const listed = typeof kind === 'string' ? kind.replace(/List$/, '') : ''
    if (!isKind(listed) || !kinds[listed].hasResourceKey || listed === 'ClusterInformation')
      throw new TypeError(`a list of resources is expected, found ${kind} (${place([])})`)
    return (Array.isArray(items) ? items : []).map((item, at): AnyResource => {
      if (typeof item?.metadata?.name === 'string')
        return withoutRevision({ ...item, apiVersion: 'projectcalico.org/v3', kind: listed })
      throw new TypeError(`a ${listed} has no name (${place(['items', at])})`)
    })
  })
}

/** calicoctl leaves it in, where it means the old store. */
function withoutRevision(resource: AnyResource): AnyResource {
  const { resourceVersion: _, ...metadata } = resource.metadata
  return { ...resource, metadata } as AnyResource
}

function informationIn(value: unknown): AnyResource {
  const { kind, metadata } = (value ?? {}) as Partial<AnyResource>
  if (kind === 'ClusterInformation' && metadata?.name === 'default') return withoutRevision(value as AnyResource)
  throw new TypeError('the second section has to be the ClusterInformation')
}

function addressesIn(ipam: JsonObject): AnyResource[] {
  return Object.entries(ipamSections).flatMap(([name, kind]) => {
    const entries = ipam[name] ?? []
    return (Array.isArray(entries) ? entries : [entries]).map((entry): AnyResource => {
      const { Key: text, Value: value } = entry as JsonObject
      const row = keyTable[kind]
      const key = typeof text === 'string' ? row.parse(text) : undefined
      if (key === undefined) throw new TypeError(`an entry of ${name} has the key ${formatJson(text ?? null)}`)
      return row.decode(key as never, value as JsonObject)
    })
  })
}

function checkDuplicates(resources: readonly AnyResource[]): void {
  const seen = new Set<string>()
  for (const resource of resources) {
    const id = migrationId(resource)
    if (seen.has(id)) throw new TypeError(`${id} is there twice`)
    seen.add(id)
  }
}

/** Tells objects of all kinds apart: their key in etcd. @throws DatastoreError BadKey */
export function migrationId(resource: AnyResource): string {
  return keyTable[resource.kind].format(keyOf(resource) as never)
}
