import type { ResourceKey } from '@tortie/datastore'
import { matchesLabels, parseSelector, type ResourceOf } from '@tortie/model'
import { type ConfigSources, type ResolvedConfig, resolveConfig, selectScoped } from './config/resolve.ts'

export type LocalSources = Pick<ConfigSources, 'file' | 'environment'>

/** Follows the resources that hold configuration and resolves it. Pure. */
export interface ConfigState {
  apply(
    change:
      | { readonly type: 'put'; readonly item: ResourceOf<'FelixConfiguration' | 'Node'> }
      | { readonly type: 'delete'; readonly key: ResourceKey<'FelixConfiguration' | 'Node'> },
  ): void
  /** @throws NodeError node/bad-config */
  resolve(): ResolvedConfig
}

export function createConfigState(node: string, local: LocalSources): ConfigState {
  const stored = new Map<string, ResourceOf<'FelixConfiguration'>>()
  let labels: Readonly<Record<string, string>> = {}
  return {
    apply(change) {
      const { kind, name } =
        change.type === 'put' ? { kind: change.item.kind, name: change.item.metadata.name } : change.key
      if (kind === 'FelixConfiguration') {
        if (change.type === 'put') stored.set(name, change.item as ResourceOf<'FelixConfiguration'>)
        else stored.delete(name)
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
