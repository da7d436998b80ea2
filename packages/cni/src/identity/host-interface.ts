import { podInterfaceName } from '@tortie/model'

/** Ids that a runtime draws at random: 64 hex digits, or a UUID. Their beginning tells them apart. */
const drawn = /^([0-9a-f]{32,}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$/i
const digits = 11

/**
 * The host's side of a container's veth: `cali` and the first 11 characters of the container id (spec 04 §5.3). An id
 * that is longer and was not drawn at random (`default-4e5f…`, `web-server-1`) goes by SHA-1 instead, as a pod's: Calico
 * would give two such containers one interface and delete the first one's.
 */
export function hostInterfaceName(containerId: string): string {
  const own = containerId.length <= digits || drawn.test(containerId)
  return own ? `cali${containerId.slice(0, digits)}` : podInterfaceName('cni', containerId)
}
