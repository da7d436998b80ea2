/** Prints how many tests ran, as the last line of a test run: `12 passed, 0 failed`. */
import { readFileSync } from 'node:fs'

const [, , file = ''] = process.argv
const text = readFileSync(file, 'utf8')
const result = (text === '' ? {} : JSON.parse(text)) as { numPassedTests?: number; numFailedTests?: number }
console.log(`${result.numPassedTests ?? 0} passed, ${result.numFailedTests ?? 0} failed`)
