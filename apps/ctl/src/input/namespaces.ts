import { type AnyResource, type Kind, kinds } from '@tortie/model'
import { CtlError } from '../errors.ts'

/** The namespace that an object is for, from itself and `-n`. Spec 06 §7. @throws CtlError */
export function namespaceFor(
  { kind, namespace = '' }: { readonly kind: Kind; readonly namespace?: string | undefined },
  flag: string,
): string | undefined {
  if (!kinds[kind].namespaced) {
    if (namespace !== '')
      throw new CtlError(
        `namespace should not be specified for a non-namespaced resource. ${kind} is not a namespaced resource`,
      )
    if (flag !== '') throw new CtlError(`${kind} is not namespaced`)
    return undefined
  }
  if (namespace !== '' && flag !== '' && namespace !== flag)
    throw new CtlError(`resource namespace does not match client namespace. ${namespace} != ${flag}`)
  return namespace || flag || 'default'
}

/** The object with its namespace filled in. @throws CtlError */
export function inNamespace<R extends AnyResource>(resource: R, flag: string): R {
  const namespace = namespaceFor({ kind: resource.kind, namespace: resource.metadata.namespace }, flag)
  return namespace === undefined ? resource : { ...resource, metadata: { ...resource.metadata, namespace } }
}
