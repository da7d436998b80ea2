import { isDnsLabel, labelKeyComplaint, labelValueComplaint, wellKnown } from '@tortie/model'
import type { NetworkConfig } from '../config/network-config.ts'
import { CniError } from '../errors.ts'

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

/** @throws CniError cni/bad-config for a namespace or label that no endpoint can have, by name */
export function checkWorkload({ namespace, labels }: Workload): void {
  if (!isDnsLabel(namespace))
    throw new CniError(
      'cni/bad-config',
      `args label ${namespaceLabel} ${JSON.stringify(namespace)} is no namespace: use at most 63 lower case letters, digits and dashes`,
    )
  for (const [key, value] of Object.entries(labels)) {
    const why = labelKeyComplaint(key) ?? labelValueComplaint(value)
    if (why !== undefined) throw new CniError('cni/bad-config', `args label ${JSON.stringify(key)}: ${why}`)
  }
}

/** Makes any text fit a label's key or value, but for its length. */
export function sanitizeLabel(text: string): string {
  return text
    .replaceAll('/', '.')
    .replace(/[^-_.a-zA-Z0-9]+/g, '-')
    .replace(/[.-]*\.[.-]*/g, '.')
    .replace(/^[.-]+|[.-]+$/g, '')
}
