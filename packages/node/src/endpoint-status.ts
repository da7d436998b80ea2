import { formatPrefix, parsePrefix } from '@tortie/ip'
import { endpointStatusName, type ResourceOf } from '@tortie/model'
import { type Change, diff } from '@tortie/reconcile'
import type { Call } from '@tortie/runtime'

/** What a status file says of an endpoint that is enforced and reachable. Spec 02 §5.11. */
export interface EndpointStatus {
  readonly ifaceName: string
  readonly mac?: string
  readonly ipv4Nets: readonly string[]
  readonly ipv6Nets: readonly string[]
}

/** The directory of status files, by file name. A file exists while its endpoint's dataplane is up. */
export interface EndpointStatusFiles {
  read(call: Call): Promise<ReadonlyMap<string, string>>
  write(changes: readonly Change<string, string>[], call: Call): Promise<void>
}

/** File name and content, for one endpoint of this node. */
export function statusFile({ spec, metadata }: ResourceOf<'WorkloadEndpoint'>): readonly [name: string, text: string] {
  const nets = (spec.ipNetworks ?? []).map((cidr) => formatPrefix(parsePrefix(cidr)))
  const status: EndpointStatus = {
    ifaceName: spec.interfaceName ?? '',
    ...(spec.mac && { mac: spec.mac }),
    ipv4Nets: nets.filter((net) => !net.includes(':')),
    ipv6Nets: nets.filter((net) => net.includes(':')),
  }
  return [endpointStatusName({ ...spec, namespace: metadata.namespace ?? 'default' }), JSON.stringify(status)]
}

export interface EndpointStatusWriter {
  /** Makes the directory hold exactly these. The first call reads it, so that matching files survive a restart. */
  publish(ready: ReadonlyMap<string, string>, call: Call): Promise<number>
}

export function createEndpointStatusWriter(files: EndpointStatusFiles): EndpointStatusWriter {
  let published: ReadonlyMap<string, string> | undefined
  return {
    async publish(ready, call) {
      published ??= await files.read(call)
      const changes = diff(ready, published)
      if (changes.length === 0) return 0
      const before = published
      published = undefined // read again after a failure
      await files.write(changes, call)
      published = new Map([...before, ...ready].filter(([name]) => ready.has(name)))
      return changes.length
    },
  }
}
