import { createRequire } from 'node:module'
import { join } from 'node:path'
import { createContext, runInContext } from 'node:vm'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'

interface Esbuild {
  build(options: object): Promise<{
    readonly outputFiles: readonly { readonly text: string }[]
    readonly metafile: { readonly inputs: Readonly<Record<string, unknown>> }
  }>
}

const root = join(import.meta.dirname, '../..')
/** The bundler that builds our packages, and that many web pages are built with. */
const bundler = createRequire(join(root, 'package.json')).resolve('tsup')
const { build } = createRequire(bundler)('esbuild') as Esbuild

/** As a web page gets it: one script without a module of Node's, which esbuild refuses for browsers. */
async function bundle(contents: string): Promise<{ readonly script: string; readonly inputs: readonly string[] }> {
  const { outputFiles, metafile } = await build({
    stdin: { contents, resolveDir: join(root, 'test'), loader: 'ts' },
    absWorkingDir: root,
    bundle: true,
    write: false,
    metafile: true,
    minify: true,
    platform: 'browser',
    format: 'iife',
    globalName: 'model',
    target: 'es2024',
    conditions: ['@tortie/source'],
    logLevel: 'silent',
  })
  return { script: outputFiles[0]?.text ?? '', inputs: Object.keys(metafile.inputs) }
}

/** What runs the script: the language, and of what browsers have besides only what the model uses. */
function browser(script: string): (code: string) => unknown {
  const context = createContext({ TextEncoder, btoa })
  runInContext(script, context)
  return (code) => runInContext(code, context)
}

const whole = await bundle("export * from '@tortie/model'")
const selectors = await bundle("export { compileSelector, lookupIn, parseSelector } from '@tortie/model'")

describe('the model in a browser', () => {
  const run = browser(whole.script)

  it('is where no Node is', () => {
    for (const name of ['process', 'Buffer', 'require', 'module', 'global', 'setTimeout', 'crypto'])
      expect(run(`typeof ${name}`)).toBe('undefined')
    expect(whole.inputs.length).toBeGreaterThan(80)
    expect(
      whole.inputs.filter(
        (path) => !/^(?:packages\/(?:model|ip|runtime)\/|node_modules\/(?:zod|@noble\/hashes)\/|<stdin>)/.test(path),
      ),
    ).toEqual([])
    expect(whole.script).not.toMatch(/["']node:|\brequire\(/)
  })

  it('evaluates a selector', () => {
    run(`var matches = model.compileSelector(model.parseSelector('role == "db" && env in {"prod", "staging"}'))`)
    expect(run(`matches(model.lookupIn({ role: 'db', env: 'prod' }))`)).toBe(true)
    expect(run(`matches(model.lookupIn({ role: 'db', env: 'test' }))`)).toBe(false)
    expect(run(`model.selectorId(model.parseSelector("all()"))`)).toMatch(/^s:/)
    expect(() => run(`model.parseSelector('role ==')`)).toThrow('selector "role ==" is wrong at character 8')
  })

  it('validates objects of every kind, with defaults, and names what is wrong', () => {
    const policy = {
      apiVersion: 'projectcalico.org/v3',
      kind: 'NetworkPolicy',
      metadata: { name: 'db', namespace: 'prod', annotations: { 'a/b': 'c' } },
      spec: { ingress: [{ action: 'Allow', protocol: 'TCP', destination: { ports: ['5432'] } }] },
    }
    run(`var policy = model.parseResource(${JSON.stringify(JSON.stringify(policy))})`)
    expect(run('model.formatResource(model.withDefaults(policy))')).toContain('"ports":[5432]')
    expect(run('JSON.stringify(model.findErrors({ ...policy, spec: { selector: "x ==" } }))')).toContain(
      '"spec.selector"',
    )
    expect(run('Object.keys(model.kinds).map((kind) => model.jsonSchema(kind).type).join()')).toMatch(
      /^(object,){26}object$/,
    )
    expect(run('model.formatJson(model.parseJson("18446744073709551615"))')).toBe('18446744073709551615')
  })

  // Measured when this was written: 141 kB, 48 kB of it on the wire; selectors alone 6 kB and 3 kB.
  it('weighs what a page can carry; who only reads selectors carries less', () => {
    const size = ({ script }: { readonly script: string }) => ({
      minified: script.length,
      gzip: gzipSync(script).length,
    })
    const [all, some] = [size(whole), size(selectors)]
    expect(all.minified).toBeLessThan(160_000)
    expect(all.gzip).toBeLessThan(55_000)
    expect(some.gzip).toBeLessThan(4_000)
    expect(browser(selectors.script)(`model.compileSelector(model.parseSelector('has(a)'))(() => 'x')`)).toBe(true)
  })

  it('would not be bundled with a module of Node', async () => {
    await expect(bundle("export { readFileSync } from 'node:fs'")).rejects.toThrow('node:fs')
  })
})
