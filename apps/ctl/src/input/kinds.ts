import { type AnyResource, findKind, type Kind } from '@tortie/model'
import { CtlError } from '../errors.ts'
import { isShown } from '../output/columns.ts'
import type { InputObject } from './documents.ts'

/** Any letter case, plural or alias. Spec 06 §4. @throws CtlError */
export function kindOf(name: string): Kind {
  const kind = findKind(name)
  if (!kind || !isShown(kind)) throw new CtlError(`resource type '${name}' is not supported`)
  return kind
}

/** @throws CtlError */
export function checkNames(names: readonly string[]): void {
  if (names.includes('')) throw new CtlError('resource name may not be empty')
}

/** Objects that only say who they are, for `delete KIND NAME…`. @throws CtlError without names */
export function namedObjects(kind: Kind, names: readonly string[]): InputObject[] {
  checkNames(names.length === 0 ? [''] : names)
  return names.map((name) => ({
    resource: { apiVersion: 'projectcalico.org/v3', kind, metadata: { name }, spec: {} } as unknown as AnyResource,
    place: '',
  }))
}
