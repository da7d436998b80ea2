/** Labels and annotations with a meaning (spec 01 §1.2). */
export const wellKnown = {
  namespaceLabel: 'projectcalico.org/namespace',
  serviceAccountLabel: 'projectcalico.org/serviceaccount',
  orchestratorLabel: 'projectcalico.org/orchestrator',
  nameLabel: 'projectcalico.org/name',
  tierLabel: 'projectcalico.org/tier',
  /** Stored beside policies only: holds the name under which the object was written. */
  metadataAnnotation: 'projectcalico.org/metadata',
  dscpAnnotation: 'qos.projectcalico.org/dscp',
  /** `config.projectcalico.org/<Name>` overrides a parameter of FelixConfiguration. */
  configAnnotationPrefix: 'config.projectcalico.org/',
  namespaceLabelPrefix: 'pcns.',
  serviceAccountLabelPrefix: 'pcsa.',
  namespaceProfilePrefix: 'kns.',
  serviceAccountProfilePrefix: 'ksa.',
  defaultAllowProfile: 'projectcalico-default-allow',
} as const

/** A host name as the name of a Node: trimmed and in lower case. */
export function nodeNameOf(hostname: string): string {
  return hostname.trim().toLowerCase()
}

/** A segment of a v1 key: `%` and `/` escaped (spec 01 §2.4). */
export function escapeSegment(name: string): string {
  return name.replaceAll('%', '%25').replaceAll('/', '%2f')
}

export function unescapeSegment(segment: string): string {
  return segment.replace(/%2f/gi, '/').replaceAll('%25', '%')
}
