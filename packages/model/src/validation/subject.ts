import { ModelError, show } from '../errors.ts'
import { isKind, type Kind, kinds } from '../kinds/kind.ts'

type Fields = Readonly<Record<string, unknown>>

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** `NetworkPolicy(prod/allow-dns)`, as far as the object says. */
export function describe(resource: unknown): string {
  const { kind, metadata } = isFields(resource) ? resource : { kind: undefined, metadata: undefined }
  const { name, namespace } = isFields(metadata) ? metadata : { name: undefined, namespace: undefined }
  return `${text(kind)}(${typeof namespace === 'string' && namespace !== '' ? `${namespace}/` : ''}${text(name)})`
}

function text(part: unknown): string {
  return part === undefined ? 'undefined' : show(part)
}

/** @throws ModelError `model/unknown-kind` */
export function kindOf(resource: unknown): Kind {
  const kind = isFields(resource) ? resource.kind : undefined
  if (typeof kind === 'string' && isKind(kind)) return kind
  throw new ModelError('model/unknown-kind', { kind, known: Object.keys(kinds) })
}
