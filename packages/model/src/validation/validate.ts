import { safeParse } from 'zod/mini'
import { type FieldError, ModelError } from '../errors.ts'
import { type Definition, definitions } from '../kinds/definitions.ts'
import { type AnyResource, type Kind, type KindInfo, kinds } from '../kinds/kind.ts'
import { isDnsLabel, nameComplaint } from '../metadata/names.ts'
import { tidy } from '../schema/tidy.ts'
import { toFieldError } from './issues.ts'
import { schemaOf } from './schema.ts'
import { describe, kindOf } from './subject.ts'
import { unknownFields } from './unknown-fields.ts'

export interface ValidateOptions {
  /** Which write the object is for: some names are only bound when an object is made. Default `create`. */
  readonly operation?: 'create' | 'update'
  /** `reject` is for what people type; what a store holds may come from a newer version. Default `keep`. */
  readonly unknownFields?: 'keep' | 'reject'
}

interface Examined<R> {
  /** With defaults and canonical spellings, when there are no errors. */
  readonly resource: R
  readonly errors: readonly FieldError[]
}

/**
 * Checks an object as Calico's client does: shape, fields, what may not be combined, names, labels and annotations (spec
 * 01 §1.4 ff.). Absent fields are judged by their defaults.
 * @throws ModelError `model/invalid` that names every wrong field; `model/unknown-kind`
 */
export function validate(resource: AnyResource, options: ValidateOptions = {}): void {
  throwIfAny(resource, examine(resource, options).errors)
}

/** What `validate` would throw, as a list; empty for a good object. @throws ModelError `model/unknown-kind` */
export function findErrors(resource: AnyResource, options: ValidateOptions = {}): readonly FieldError[] {
  return examine(resource, options).errors
}

/**
 * The object as it is written: defaults filled in, what means nothing left out, values in canonical spelling (`"80"`
 * becomes 80). Unknown fields survive. Client rules that need more than the schema are in `prepareCreate`.
 * @throws ModelError as `validate`
 */
export function withDefaults<R extends AnyResource>(resource: R, options: ValidateOptions = {}): R {
  const examined = examine(resource, options)
  throwIfAny(resource, examined.errors)
  return examined.resource
}

function throwIfAny(resource: unknown, fields: readonly FieldError[]): void {
  if (fields.length > 0) throw new ModelError('model/invalid', { subject: describe(resource), fields })
}

function examine<R extends AnyResource>(given: R, options: ValidateOptions): Examined<R> {
  const kind = kindOf(given)
  const schema = schemaOf(kind)
  const tidied = tidy(schema, { ...given, spec: given.spec ?? {} }) as R
  const parsed = safeParse(schema, tidied)
  const errors = parsed.success ? [] : parsed.error.issues.map((issue) => toFieldError(issue, tidied))
  const resource = (parsed.success ? parsed.data : tidied) as R
  const unknown = options.unknownFields === 'reject' ? unknownErrors(unknownFields(tidied)) : []
  return { resource, errors: [...identityErrors(kind, resource, errors, options), ...errors, ...unknown] }
}

/** Whether every field has its type and passes its own checks: code that computes with a resource may then rely on it. */
export function isSound(resource: AnyResource): boolean {
  return safeParse(schemaOf(kindOf(resource)), resource).success
}

function unknownErrors(paths: readonly string[]): FieldError[] {
  return paths.map((path) => ({
    path,
    value: undefined,
    reason: 'unknown field; correct its name or leave it out',
  }))
}

/** Name, namespace, and what a kind checks across metadata and spec, which needs a sound shape. */
function identityErrors(
  kind: Kind,
  resource: AnyResource,
  shapeErrors: readonly FieldError[],
  { operation = 'create' }: ValidateOptions,
): FieldError[] {
  if (shapeErrors.some(({ path }) => path === 'metadata' || path === 'metadata.name')) return []
  const definition = definitions[kind] as Definition
  const { name } = resource.metadata
  const reason =
    definition.nameOn === undefined || definition.nameOn === operation
      ? nameComplaint(name, definition.name)
      : undefined
  const checks = shapeErrors.length === 0 ? [...(definition.check?.(resource) ?? [])] : []
  return [
    ...(reason === undefined ? [] : [{ path: 'metadata.name', value: name, reason }]),
    ...namespaceErrors(kinds[kind], resource.metadata.namespace),
    ...checks,
  ]
}

function namespaceErrors({ kind, namespaced }: KindInfo, namespace: unknown): FieldError[] {
  const reason = namespaceComplaint(kind, namespaced, namespace)
  return reason === undefined ? [] : [{ path: 'metadata.namespace', value: namespace, reason }]
}

function namespaceComplaint(kind: Kind, namespaced: boolean, namespace: unknown): string | undefined {
  const given = namespace !== undefined && namespace !== ''
  if (given !== namespaced)
    return given ? `${kind} belongs to no namespace; leave it out` : `is required: ${kind} belongs to a namespace`
  if (typeof namespace !== 'string' || !given || isDnsLabel(namespace)) return undefined
  return "a namespace is a DNS label: at most 63 lower case alphanumeric characters or '-'"
}
