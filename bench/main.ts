/** `npm run bench`: every bench of this folder, one after the other, as one table. `npm run bench -- ipam` for some. */
import { readdirSync } from 'node:fs'
import { cpus, release } from 'node:os'
import type { BenchRow } from './row.ts'

const wanted = process.argv.slice(2)
const files = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith('.bench.ts'))
  .filter((file) => wanted.length === 0 || wanted.some((word) => file.includes(word)))

const number = (value: number): string =>
  Math.abs(value) >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(3)

console.log(`${cpus().length} cores, kernel ${release().split('-')[0]}, Node ${process.version}; medians\n`)
console.log('| what | ours | unit | set against | ratio |\n|---|---:|---|---|---:|')
for (const file of files) {
  const { run } = (await import(`./${file}`)) as { run: () => Promise<readonly BenchRow[]> }
  for (const { name, ours, unit, reference, ratio } of await run()) {
    const against = reference ? `${reference.name}: ${number(reference.value)}` : ''
    console.log(
      `| ${name} | ${number(ours)} | ${unit} | ${against} | ${ratio === undefined ? '' : ratio.toPrecision(2)} |`,
    )
  }
}
process.exit()
