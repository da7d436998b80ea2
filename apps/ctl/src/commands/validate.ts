import { prepareCreate } from '@tortie/model'
import { systemClock, systemRandom } from '@tortie/runtime/system'
import { type InputObject, placed, singleKind } from '../input/documents.ts'
import { inNamespace } from '../input/namespaces.ts'
import { reportOutcome } from '../output/messages.ts'
import type { ExitCode, Shell } from '../shell.ts'

/** `validate`: what a create would refuse without asking the store. Spec 06 §8. */
export function validateObjects(objects: readonly InputObject[], namespace: string, shell: Shell): ExitCode {
  const ports = { clock: systemClock, random: systemRandom }
  const errors: unknown[] = []
  for (const { resource, place } of objects)
    try {
      const { resourceVersion: _, ...metadata } = resource.metadata ?? {}
      prepareCreate(inNamespace({ ...resource, metadata } as typeof resource, namespace), ports)
    } catch (error) {
      errors.push(objects.length > 1 ? placed(error, place) : error)
    }
  const total = objects.length
  const outcome = { total, succeeded: total - errors.length, errors, kind: singleKind(objects) }
  const printed = reportOutcome('validate', outcome)
  shell.stdout(printed.stdout)
  shell.stderr(printed.stderr)
  return errors.length === 0 ? 0 : 1
}
