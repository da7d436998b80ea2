import { sha1 } from '@noble/hashes/legacy.js'
import { badValue } from '../scalars/bad-value.ts'

/** The fields of a WorkloadEndpoint's spec that its name is made of. */
export interface WorkloadIdentity {
  readonly node?: string
  readonly orchestrator?: string
  readonly pod?: string
  readonly containerID?: string
  readonly workload?: string
  readonly endpoint?: string
}

const segmentsOf: Readonly<Record<string, (id: WorkloadIdentity) => readonly (string | undefined)[]>> = {
  k8s: (id) => [id.node, 'k8s', id.pod, id.endpoint],
  cni: (id) => [id.node, 'cni', id.containerID, id.endpoint],
  libnetwork: (id) => [id.node, 'libnetwork', 'libnetwork', id.endpoint],
}

const segmentNames = ['node', 'orchestrator', 'workload', 'endpoint'] as const

function segments(id: WorkloadIdentity): readonly (string | undefined)[] {
  const known = Object.hasOwn(segmentsOf, id.orchestrator ?? '') ? segmentsOf[id.orchestrator ?? ''] : undefined
  return known?.(id) ?? [id.node, id.orchestrator, id.workload, id.endpoint]
}

/**
 * `metadata.name` of a WorkloadEndpoint: node, orchestrator, workload and endpoint, each with its dashes doubled, joined
 * by dashes (spec 01 §3.6.1). @throws ModelError `model/bad-value` for a segment that is empty or has a dash at its end
 */
export function workloadEndpointName(id: WorkloadIdentity): string {
  return segments(id)
    .map((segment, i) => escaped(segment ?? '', segmentNames[i] ?? ''))
    .join('-')
}

/** What the names begin with of all endpoints that share the leading fields which are known; for lists. `''` for none. */
export function workloadEndpointNamePrefix(id: WorkloadIdentity): string {
  let prefix = ''
  for (const [i, segment] of segments(id).entries()) {
    if (segment === undefined || segment === '') break
    prefix += `${escaped(segment, segmentNames[i] ?? '')}-`
  }
  return prefix
}

function escaped(segment: string, what: string): string {
  if (segment === '') badValue('WorkloadEndpoint name', '', `${what} is missing`)
  if (segment.startsWith('-') || segment.endsWith('-'))
    badValue('WorkloadEndpoint name', segment, `${what} must not begin or end with a dash`)
  return segment.replaceAll('-', '--')
}

/** The segments of a name, as far as it goes; `workload` is the third whatever the orchestrator calls it. */
export interface ParsedWorkloadEndpointName {
  readonly node: string
  readonly orchestrator?: string
  readonly workload?: string
  readonly endpoint?: string
}

/** The inverse; also of a prefix without its last dash. @throws ModelError `model/bad-value` for more than four segments */
export function parseWorkloadEndpointName(name: string): ParsedWorkloadEndpointName {
  const parts: string[] = []
  let start = 0
  for (let i = 1; i < name.length; i++) {
    if (name[i] !== '-') continue
    if (name[i + 1] === '-') i++
    else {
      parts.push(name.slice(start, i))
      start = i + 1
    }
  }
  parts.push(name.slice(start))
  if (parts.length > 4)
    badValue('WorkloadEndpoint name', name, 'it has more than four parts; double the dashes in them')
  const [node = '', orchestrator, workload, endpoint] = parts.map((part) => part.replaceAll('--', '-'))
  return {
    node,
    ...(orchestrator !== undefined && { orchestrator }),
    ...(workload !== undefined && { workload }),
    ...(endpoint !== undefined && { endpoint }),
  }
}

/** What identifies the workload within node, orchestrator and namespace: pod, container, or what the orchestrator says. */
export function workloadOf(id: WorkloadIdentity): string {
  return segments(id)[2] ?? ''
}

/**
 * Name of the file that says that an endpoint is up: orchestrator, `<namespace>/<workload>` and endpoint, each escaped as
 * in a URL path, joined by a space (spec 01 §3.6.1, 04 §14).
 */
export function endpointStatusName(id: WorkloadIdentity & { readonly namespace: string }): string {
  return [id.orchestrator ?? '', `${id.namespace}/${workloadOf(id)}`, id.endpoint ?? '']
    .map(escapePathSegment)
    .join(' ')
}

/** Go's url.PathEscape: more than encodeURIComponent leaves, less than it escapes. */
function escapePathSegment(text: string): string {
  return encodeURIComponent(text.toWellFormed())
    .replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
    .replace(/%(24|26|2B|3A|3D|40)/g, (code) => decodeURIComponent(code))
}

/** Host-side interface of a pod: `prefix` and 11 hex digits of SHA-1 of `<namespace>.<pod>` (spec 04 §5.3). */
export function podInterfaceName(namespace: string, pod: string, prefix = 'cali'): string {
  const digest = sha1(new TextEncoder().encode(`${namespace}.${pod}`))
  const hex = Array.from(digest.slice(0, 6), (byte) => byte.toString(16).padStart(2, '0')).join('')
  return prefix + hex.slice(0, 11)
}
