/**
 * Writes what @tortie/model knows of every kind into a folder: `crds/*.yaml` for `kubectl apply -f`, `schemas/*.json` for
 * editors. `npm run crds -- FOLDER`; the build of the package does so into its `dist`.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { crdOf, formatJson, jsonSchema, type Kind, kinds } from '@tortie/model'
import { stringify } from 'yaml'

const [, , folder] = process.argv
if (folder === undefined) throw new Error('say into which folder: write-schemas.ts FOLDER')
for (const name of ['crds', 'schemas']) {
  rmSync(join(folder, name), { recursive: true, force: true })
  mkdirSync(join(folder, name), { recursive: true })
}
for (const kind of Object.keys(kinds) as Kind[]) {
  const schema = { $id: `https://projectcalico.org/v3/${kind}`, title: kind, ...jsonSchema(kind) }
  writeFileSync(join(folder, 'schemas', `${kind}.json`), `${formatJson(schema, { indent: 2 })}\n`)
  const crd = crdOf(kind)
  if (crd === undefined) continue
  // Kubernetes reads YAML 1.1, in which Off is false unless it is in quotes.
  const text = stringify(crd, { version: '1.1', aliasDuplicateObjects: false, lineWidth: 0 })
  writeFileSync(join(folder, 'crds', `projectcalico.org_${kinds[kind].plural}.yaml`), text)
}
