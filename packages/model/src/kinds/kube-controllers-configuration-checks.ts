import type { Finding } from '../schema/fields.ts'

interface Template {
  readonly generateName?: string | undefined
  readonly interfaceCIDRs?: readonly string[] | undefined
  readonly interfacePattern?: string | undefined
}

/** The names of templates make those of host endpoints, hence differ (spec 01 §1.16). */
export function* autoHostEndpointFindings({
  templates = [],
}: {
  readonly templates?: readonly Template[] | undefined
}): Generator<Finding> {
  const names = templates.map(({ generateName }) => generateName)
  for (const [i, { generateName, interfaceCIDRs, interfacePattern }] of templates.entries()) {
    const at = ['templates', i]
    if (!generateName) yield { at: [...at, 'generateName'], reason: 'Template name must be specified' }
    else if (names.indexOf(generateName) < i)
      yield { at: [...at, 'generateName'], reason: 'Template name must be unique' }
    if (!interfaceCIDRs?.length && !interfacePattern)
      yield { at, reason: 'InterfaceCIDRs or InterfacePattern must be specified' }
  }
}
