import { wellKnown } from '@tortie/model'
import type { NetworkConfig } from '../config/network-config.ts'

const { namespaceLabel } = wellKnown

/** What a plain-mode container is called and labelled by. */
export interface Workload {
  readonly namespace: string
  readonly labels: Readonly<Record<string, string>>
}

/**
 * Labels from `args`, in the form that Mesos gave them (spec 04 §8.1); `projectcalico.org/namespace` among them is the
 * namespace.
 */
export function readWorkload(config: NetworkConfig, defaultNamespace: string = 'default'): Workload {
  const labels = config.args['org.apache.mesos'].network_info.labels.labels
  const namespace = labels.findLast(({ key }) => key === namespaceLabel)?.value
  return {
    namespace: namespace ? sanitizeLabel(namespace) : defaultNamespace,
    labels: Object.fromEntries(
      labels
        .filter(({ key }) => key !== namespaceLabel)
        .map(({ key, value }) => [sanitizeLabel(key), sanitizeLabel(value)]),
    ),
  }
}

/** Makes any text fit a label's key or value. */
export function sanitizeLabel(text: string): string {
  return text
    .replaceAll('/', '.')
    .replace(/[^-_.a-zA-Z0-9]+/g, '-')
    .replace(/[.-]*\.[.-]*/g, '.')
    .replace(/^[.-]+|[.-]+$/g, '')
}
