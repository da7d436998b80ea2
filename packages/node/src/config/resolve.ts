import type { ResourceOf } from '@tortie/model'
import { NodeError } from '../errors.ts'
import type { Parameter } from './parameter.ts'
import { type NodeConfig, type ParameterName, parameters } from './parameters.ts'

/** Where values come from, weakest first. Spec 02 §6.1. */
export interface ConfigSources {
  /** FelixConfiguration `default`. */
  readonly global?: ResourceOf<'FelixConfiguration'> | undefined
  /** FelixConfiguration with a `nodeSelector` that chooses this node. */
  readonly selected?: ResourceOf<'FelixConfiguration'> | undefined
  /** FelixConfiguration `node.<name>`. */
  readonly perNode?: ResourceOf<'FelixConfiguration'> | undefined
  /** `/etc/calico/felix.cfg`: keys of all sections. */
  readonly file?: Readonly<Record<string, string>>
  /** The process's environment; `FELIX_<NAME>` are read. */
  readonly environment?: Readonly<Record<string, string | undefined>>
}

export interface ResolvedConfig {
  readonly config: NodeConfig
  /** Values that were ignored, for the log: which, from where, what to write instead. */
  readonly problems: readonly string[]
}

const byLowerName = new Map(Object.keys(parameters).map((name) => [name.toLowerCase(), name as ParameterName]))

/**
 * The highest source that sets a parameter wins; an invalid value falls back to the default and is reported.
 * @throws NodeError node/bad-config for an invalid value of a parameter that must not be guessed (spec 02 §6.3, †)
 */
export function resolveConfig(sources: ConfigSources): ResolvedConfig {
  const values: Partial<Record<ParameterName, unknown>> = {}
  const problems: string[] = []
  for (const [source, text, isLocal] of inOrder(sources)) {
    for (const [key, raw] of text) {
      const name = byLowerName.get(key.toLowerCase())
      if (name === undefined) continue
      const parameter = parameters[name] as Parameter<unknown>
      if (parameter.localOnly && !isLocal) problems.push(`${source}: ${name} is only read from file and environment`)
      else values[name] = read(name, parameter, raw, source, problems)
    }
  }
  const config = Object.fromEntries(
    Object.entries(parameters).map(([name, parameter]) => [
      name,
      name in values ? values[name as ParameterName] : parameter.default,
    ]),
  )
  return { config: config as unknown as NodeConfig, problems }
}

type Source = readonly [name: string, values: Iterable<readonly [string, string]>, isLocal: boolean]

function inOrder({ global, selected, perNode, file, environment }: ConfigSources): Source[] {
  const stored = [global, selected, perNode].flatMap((resource): Source[] =>
    resource ? [[`FelixConfiguration(${resource.metadata.name})`, specText(resource), false]] : [],
  )
  const fromEnvironment = Object.entries(environment ?? {}).flatMap(([key, value]): [string, string][] =>
    value !== undefined && /^felix_/i.test(key) ? [[key.slice('felix_'.length), value]] : [],
  )
  return [
    ...stored,
    ['felix.cfg', nonEmpty(Object.entries(file ?? {})), true],
    ['environment', nonEmpty(fromEnvironment), true],
  ]
}

function nonEmpty(entries: readonly [string, string][]): [string, string][] {
  return entries.filter(([, value]) => value.trim() !== '')
}

function specText({ spec }: ResourceOf<'FelixConfiguration'>): [string, string][] {
  return Object.entries(spec as Readonly<Record<string, unknown>>).flatMap(([key, value]): [string, string][] => {
    if (value === undefined || value === null || value === '') return []
    if (Array.isArray(value)) return [[key, value.length === 0 ? 'none' : value.map(String).join(',')]]
    return [[key, String(value)]]
  })
}

function read(name: string, parameter: Parameter<unknown>, raw: string, source: string, problems: string[]): unknown {
  const text = raw.trim()
  if (text.toLowerCase() === 'none') return parameter.zero
  try {
    return parameter.parse(text)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    if (parameter.strict) throw new NodeError('node/bad-config', { source, name, value: text, why }, { cause })
    problems.push(`${source}: ${name} = ${JSON.stringify(text)} is ignored: ${why}`)
    return parameter.default
  }
}

/** Which selector-scoped FelixConfiguration applies: the oldest that chooses the node, then by name. Spec 02 §3.6. */
export function selectScoped(
  candidates: Iterable<ResourceOf<'FelixConfiguration'>>,
  chooses: (selector: string) => boolean,
): ResourceOf<'FelixConfiguration'> | undefined {
  return [...candidates]
    .filter(({ metadata, spec }) => {
      const selector = (spec as { readonly nodeSelector?: string }).nodeSelector
      return metadata.name !== 'default' && !metadata.name.startsWith('node.') && !!selector && chooses(selector)
    })
    .sort((a, b) => age(a).localeCompare(age(b)) || a.metadata.name.localeCompare(b.metadata.name))[0]
}

function age({ metadata }: ResourceOf<'FelixConfiguration'>): string {
  return metadata.creationTimestamp ?? ''
}
