import type { ResourceKey } from '@tortie/datastore'
import { matchesLabels, parseSelector, type ResourceOf } from '@tortie/model'
import { type ConfigSources, type ResolvedConfig, resolveConfig, selectScoped } from './config/resolve.ts'

export type LocalSources = Pick<ConfigSources, 'file' | 'environment'>

/** The kinds that hold configuration. */
export const configKinds = ['FelixConfiguration', 'Node', 'BGPConfiguration'] as const
type ConfigKind = (typeof configKinds)[number]

/** Follows the resources that hold configuration and resolves it. Pure. */
export interface ConfigState {
  apply(
    change:
      | { readonly type: 'put'; readonly item: ResourceOf<ConfigKind> }
      | { readonly type: 'delete'; readonly key: ResourceKey<ConfigKind> },
  ): void
  /** @throws NodeError node/bad-config */
  resolve(): ResolvedConfig
  /** `programClusterRoutes` of BGPConfiguration(default): which routes are BGP's and not the routing program's. */
  readonly bgpRoutes: string | undefined
}

export function createConfigState(node: string, local: LocalSources): ConfigState {
  const stored = new Map<string, ResourceOf<'FelixConfiguration'>>()
  let labels: Readonly<Record<string, string>> = {}
  let bgpRoutes: string | undefined
  return {
    get bgpRoutes() {
      return bgpRoutes
    },
    apply(change) {
      const { kind, name } =
        change.type === 'put' ? { kind: change.item.kind, name: change.item.metadata.name } : change.key
      if (kind === 'FelixConfiguration') {
        if (change.type === 'put') stored.set(name, change.item as ResourceOf<'FelixConfiguration'>)
        else stored.delete(name)
      } else if (kind === 'BGPConfiguration') {
        if (name !== 'default') return
        const item = change.type === 'put' ? (change.item as ResourceOf<'BGPConfiguration'>) : undefined
        bgpRoutes = item?.spec.programClusterRoutes
      } else if (name === node) labels = change.type === 'put' ? (change.item.metadata.labels ?? {}) : {}
    },
    resolve() {
      const chooses = (selector: string): boolean => {
        try {
          return matchesLabels(parseSelector(selector), labels)
        } catch {
          return false // an invalid selector chooses no node; validation refuses it on the way in
        }
      }
      return resolveConfig({
        ...local,
        global: stored.get('default'),
        selected: selectScoped(stored.values(), chooses),
        perNode: stored.get(`node.${node}`),
      })
    },
  }
}
