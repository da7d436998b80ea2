import { type AnyResource, kinds } from '@tortie/model'
import { CtlError } from '../errors.ts'

/** The namespace that an object is for, from itself and `-n`. Spec 06 §7. @throws CtlError */
export function namespaceFor(
  { kind, metadata }: Pick<AnyResource, 'kind' | 'metadata'>,
  flag: string,
): string | undefined {
  const own = metadata.namespace ?? ''
  if (!kinds[kind].namespaced) {
    if (own !== '')
      throw new CtlError(
        `namespace should not be specified for a non-namespaced resource. ${kind} is not a namespaced resource`,
      )
    if (flag !== '') throw new CtlError(`${kind} is not namespaced`)
    return undefined
  }
  if (own !== '' && flag !== '' && own !== flag)
    throw new CtlError(`resource namespace does not match client namespace. ${own} != ${flag}`)
  return own || flag || 'default'
}

/** The object with its namespace filled in. */
export function inNamespace<R extends AnyResource>(resource: R, flag: string): R {
  const metadata = resource.metadata ?? {}
  const namespace = namespaceFor({ kind: resource.kind, metadata }, flag)
  return namespace === undefined ? resource : { ...resource, metadata: { ...metadata, namespace } }
}
