/**
 * Checks what docs/architecture.md §2 says of packages: who may import whom, that pure packages touch no platform, that
 * nothing is imported which package.json does not list, and that no file is too long.
 */
import { globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

type Layer = 'foundation' | 'domain' | 'protocol' | 'contract' | 'engine' | 'driver' | 'compose' | 'app'

const mayImport: Readonly<Record<Layer, readonly Layer[]>> = {
  foundation: ['foundation'],
  domain: ['foundation'],
  protocol: ['foundation', 'protocol'],
  contract: ['foundation', 'domain'],
  engine: ['foundation', 'domain', 'protocol', 'contract'],
  driver: ['foundation', 'domain', 'protocol', 'contract'],
  compose: ['foundation', 'domain', 'protocol', 'contract', 'engine'],
  app: ['foundation', 'domain', 'protocol', 'contract', 'engine', 'driver', 'compose'],
}
/** A driver may use `linux`, and the composing packages are given their drivers, but may open netns through it. */
const besides: readonly (readonly [from: RegExp, to: string])[] = [[/./, '@tortie/linux']]
const platform =
  /\b(Date\.now|Math\.random|performance\.now|setTimeout|setInterval|setImmediate|process\.(?:env|argv|exit|pid|std|nextTick|hrtime|platform|cwd|on)|Buffer\b|crypto\.)/
const longestFile = 400

interface Package {
  readonly dir: string
  readonly name: string
  readonly layer: Layer
  readonly pure: boolean
  readonly dependencies: ReadonlySet<string>
  readonly devDependencies: ReadonlySet<string>
}

function readPackages(): Package[] {
  return globSync('{packages,apps}/*/package.json').map((file) => {
    const json = JSON.parse(readFileSync(file, 'utf8')) as {
      name: string
      nx: { tags: string[] }
      dependencies?: Record<string, string>
      devDependencies?: Record<string, string>
    }
    const tag = (prefix: string): string =>
      json.nx.tags.find((tag) => tag.startsWith(prefix))?.slice(prefix.length) ?? ''
    return {
      dir: dirname(file),
      name: json.name,
      layer: tag('layer:') as Layer,
      pure: tag('platform:') === 'pure',
      dependencies: new Set(Object.keys(json.dependencies ?? {})),
      devDependencies: new Set(Object.keys(json.devDependencies ?? {})),
    }
  })
}

const packages = readPackages()
const byName = new Map(packages.map((pkg) => [pkg.name, pkg]))
const problems: string[] = []

function checkDependencies(pkg: Package): void {
  for (const name of pkg.dependencies) {
    const other = byName.get(name)
    if (!other) {
      if (pkg.layer === 'foundation') problems.push(`${pkg.dir}: a foundation package has no npm dependency: ${name}`)
      continue
    }
    const exempt = !pkg.pure && besides.some(([from, to]) => from.test(pkg.name) && to === name)
    if (!exempt && !mayImport[pkg.layer].includes(other.layer))
      problems.push(`${pkg.dir}: layer ${pkg.layer} may not depend on ${name} (layer ${other.layer})`)
    if (pkg.pure && !other.pure) problems.push(`${pkg.dir}: a pure package may not depend on ${name}, which is not`)
  }
}

function checkFile(pkg: Package, file: string): void {
  const text = readFileSync(file, 'utf8')
  const test = /\.test\.ts$|\/testing\/|\/bench\//.test(file)
  const lines = text.split('\n').length
  if (lines > longestFile + 1) problems.push(`${file}: ${lines} lines; over ${longestFile} hides two things`)
  for (const [, from = ''] of text.matchAll(/(?:^(?:import|export)(?:[^'"`]*?\bfrom)?\s*|\bimport\()'([^']+)'/gm)) {
    if (from.startsWith('.')) continue
    const name = from
      .split('/')
      .slice(0, from.startsWith('@') ? 2 : 1)
      .join('/')
    if (from.startsWith('node:')) {
      if (pkg.pure && !test && !file.includes('/system/')) problems.push(`${file}: a pure package imports ${from}`)
    } else if (name === pkg.name) {
      if (!test) problems.push(`${file}: imports its own package by name`)
    } else if (!pkg.dependencies.has(name) && !(test && (pkg.devDependencies.has(name) || rootTools.has(name))))
      problems.push(`${file}: imports ${name}, which ${pkg.dir}/package.json does not list`)
  }
  if (pkg.pure && !test && !file.includes('/system/')) {
    for (const [index, line] of text.split('\n').entries()) {
      const code = line.replace(/\/\/.*|^\s*\*.*|\/\*.*/, '')
      const found = platform.exec(code)
      if (found) problems.push(`${file}:${index + 1}: a pure package uses ${found[1]}`)
    }
  }
}

const rootTools = new Set(['vitest', 'fast-check'])
for (const pkg of packages) {
  checkDependencies(pkg)
  for (const file of globSync(join(pkg.dir, 'src/**/*.ts'))) checkFile(pkg, file)
}
for (const problem of problems) console.error(problem)
if (problems.length > 0) {
  console.error(`${problems.length} boundary problems; the rules are in docs/architecture.md`)
  process.exitCode = 1
}
