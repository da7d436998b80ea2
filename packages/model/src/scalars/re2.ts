import type { Complaint } from '../schema/fields.ts'

/**
 * Whether Go's regexp package compiles a text (RE2's syntax, github.com/google/re2/wiki/Syntax, as Go reads it). Only the
 * syntax: nothing here matches.
 */

/** What Go's limits look at. */
interface Node {
  /** Levels of the tree. */
  readonly height: number
  /** Instructions of the compiled program. */
  readonly size: number
  /** The largest product of counts `{n}` within each other. */
  readonly repeats: number
}

interface Reader {
  readonly text: string
  at: number
  readonly names: Set<string>
  /** Where the last `:]` is: without it the search for each would take the square of the time. */
  readonly lastPosixEnd: number
}

class Bad extends Error {}

const maxRepeat = 1000
const maxHeight = 1000
const maxSize = 3_355_443
const leaf: Node = { height: 1, size: 1, repeats: 1 }
/** Several after each other are one leaf. */
const character: Node = { ...leaf }

/** Why Go would refuse the regular expression; undefined when it would not. Time is linear in the text. */
export function re2Complaint(text: string): Complaint {
  const reader: Reader = { text, at: 0, names: new Set(), lastPosixEnd: text.lastIndexOf(':]') }
  try {
    readAlternatives(reader, 0)
    if (reader.at < text.length) throw new Bad('a ) has no ( before it')
    return undefined
  } catch (error) {
    if (!(error instanceof Bad)) throw error
    return `invalid regular expression: ${error.message}`
  }
}

function checked(node: Node): Node {
  if (node.height > maxHeight) throw new Bad(`it is nested more than ${maxHeight} deep`)
  if (node.size > maxSize) throw new Bad('it is too large')
  return node
}

function joined(nodes: readonly Node[], own: Node): Node {
  const [first] = nodes
  if (nodes.length === 1 && first !== undefined) return first
  const isText = own.size === 0 && nodes.every((node) => node === character)
  return checked({
    height: isText ? 1 : nodes.reduce((most, { height }) => Math.max(most, height), 0) + own.height,
    size: nodes.reduce((sum, { size }) => sum + size, own.size),
    repeats: nodes.reduce((most, { repeats }) => Math.max(most, repeats), 1),
  })
}

function readAlternatives(reader: Reader, depth: number): Node {
  const branches = [readSequence(reader, depth)]
  while (reader.text[reader.at] === '|') {
    reader.at++
    branches.push(readSequence(reader, depth))
  }
  return joined(branches, { ...leaf, size: branches.length - 1 })
}

/** Up to a `|` or `)` or the end. */
function readSequence(reader: Reader, depth: number): Node {
  const nodes: Node[] = []
  let afterRepeat = false
  for (;;) {
    const next = reader.text[reader.at]
    if (next === undefined || next === '|' || next === ')') return joined(nodes, { ...leaf, size: 0 })
    const count = readCount(reader)
    if (count === undefined) {
      afterRepeat = false
      nodes.push(...readAtom(reader, depth))
      continue
    }
    const repeated = nodes.pop()
    if (repeated === undefined) throw new Bad('a repetition has nothing before it that it repeats')
    if (afterRepeat) throw new Bad('a repetition is repeated; use parentheses')
    nodes.push(repeat(repeated, count))
    afterRepeat = true
  }
}

interface Count {
  readonly min: number
  /** Infinity for none. */
  readonly max: number
}

const operators: Readonly<Record<string, Count>> = {
  '*': { min: 0, max: Number.POSITIVE_INFINITY },
  '+': { min: 1, max: Number.POSITIVE_INFINITY },
  '?': { min: 0, max: 1 },
}
/** Anything else in braces is text. */
const braces = /\{(0|[1-9][0-9]*)(?:(,)(0|[1-9][0-9]*)?)?\}/y

/** A repetition with the `?` that may follow it; undefined when there is none. */
function readCount(reader: Reader): Count | undefined {
  const next = reader.text.charAt(reader.at)
  let count = operators[next]
  if (count !== undefined) reader.at++
  else if (next === '{') {
    const [whole = '', min, comma, max] = match(reader, braces)
    if (whole === '') return undefined
    reader.at += whole.length
    const least = Number(min)
    count = {
      min: least,
      max: comma === undefined ? least : max === undefined ? Number.POSITIVE_INFINITY : Number(max),
    }
    if (least > maxRepeat || (count.max > maxRepeat && max !== undefined) || least > count.max)
      throw new Bad(`the count ${whole} has to go from less to more, at most ${maxRepeat}`)
  } else return undefined
  if (reader.text[reader.at] === '?') reader.at++
  return count
}

function repeat({ height, size, repeats }: Node, { min, max }: Count): Node {
  const isOperator = max === Number.POSITIVE_INFINITY ? min < 2 : min === 0 && max === 1
  const times = max === Number.POSITIVE_INFINITY ? min : max
  const product = isOperator ? repeats : times === 0 ? 1 : times * repeats
  if (!isOperator && times >= 2 && product > maxRepeat)
    throw new Bad(`counts within each other repeat more than ${maxRepeat} times`)
  const copies = max === Number.POSITIVE_INFINITY ? Math.max(min, 1) * size + 2 : max * size + (max - min)
  return checked({ height: height + 1, size: Math.max(copies, 1), repeats: product })
}

/** One thing that can be repeated; none for flags, several for quoted text. */
function readAtom(reader: Reader, depth: number): readonly Node[] {
  const next = reader.text.charAt(reader.at)
  if (next === '(') return readGroup(reader, depth)
  if (next === '[') {
    readClass(reader)
    return [leaf]
  }
  if (next !== '\\') {
    readRune(reader)
    return ['.', '^', '$'].includes(next) ? [leaf] : [character]
  }
  if (reader.text.startsWith('\\Q', reader.at)) return readQuoted(reader)
  return [readEscape(reader, outsideClass).rune === undefined ? leaf : character]
}

const groupStart = /\((?:\?(?:P?<([^>]*)>|([imsU]*(?:-[imsU]+)?)([:)])))?/y

function readGroup(reader: Reader, depth: number): readonly Node[] {
  const { text, at, names } = reader
  const [whole = '', name, flags, end] = match(reader, groupStart)
  if (whole === '(' && text[at + 1] === '?')
    throw new Bad('after (? flags or a name are expected; RE2 has no look-around')
  reader.at += whole.length
  if (name !== undefined) {
    if (!/^[A-Za-z0-9_]+$/.test(name)) throw new Bad(`a group cannot have the name ${JSON.stringify(name)}`)
    if (names.has(name)) throw new Bad(`two groups have the name ${JSON.stringify(name)}`)
    names.add(name)
  }
  if (end === ')') return []
  if (depth > maxHeight) throw new Bad(`it is nested more than ${maxHeight} deep`)
  const inner = readAlternatives(reader, depth + 1)
  if (reader.text[reader.at] !== ')') throw new Bad('a ( has no ) after it')
  reader.at++
  // Without parentheses of its own a group is what is in it.
  if (flags !== undefined) return [inner]
  return [checked({ ...inner, height: inner.height + 1, size: inner.size + 2 })]
}

function readQuoted(reader: Reader): readonly Node[] {
  const from = reader.at + 2
  const end = reader.text.indexOf('\\E', from)
  const to = end < 0 ? reader.text.length : end
  reader.at = end < 0 ? to : to + 2
  return Array.from(reader.text.slice(from, to), () => character)
}

/** Letters that mean something after a backslash, besides those of characters. */
const [insideClass, outsideClass] = [/[dDsSwW]/, /[dDsSwWAbBz]/]
const octal = /\\(?:0[0-7]{0,2}|[1-7][0-7]{1,2})/y
const hexadecimal = /\\x(?:\{([0-9A-Fa-f]+)\}|[0-9A-Fa-f]{2})/y

function readEscape(reader: Reader, letters: RegExp): { readonly rune?: number } {
  const { text, at } = reader
  const next = text.charAt(at + 1)
  if (next === '') throw new Bad('a backslash at the end escapes nothing')
  if (next === 'p' || next === 'P') return readProperty(reader)
  reader.at = at + 2
  if (letters.test(next)) return {}
  const control = 'abfnrtv'.includes(next) && next !== 'b' ? controls[next] : undefined
  if (control !== undefined) return { rune: control }
  reader.at = at
  const [eight = ''] = match(reader, octal)
  const [sixteen = '', digits] = match(reader, hexadecimal)
  reader.at = at + (eight.length || sixteen.length || 2)
  if (eight !== '') return { rune: Number.parseInt(eight.slice(1), 8) }
  if (sixteen !== '') return { rune: inUnicode(Number.parseInt(digits ?? sixteen.slice(2), 16), sixteen) }
  if (next >= '\x80' || /[A-Za-z0-9]/.test(next)) throw new Bad(`RE2 has no \\${next}`)
  return { rune: next.charCodeAt(0) }
}

const controls: Readonly<Record<string, number>> = { a: 7, f: 12, n: 10, r: 13, t: 9, v: 11 }

function inUnicode(rune: number, text: string): number {
  if (rune > 0x10_ffff) throw new Bad(`${text} is no character`)
  return rune
}

const property = /\\[pP](?:\{\^?([^}]*)\}|([^{]))/uy

/** A script or category, in any case; as JavaScript knows them, which are a few more than Go has. */
function readProperty(reader: Reader): { readonly rune?: number } {
  const [whole = '', name, letter] = match(reader, property)
  if (whole === '') throw new Bad('\\p needs the name of a script or category: \\p{Greek}, \\pL')
  reader.at += whole.length
  if (!isProperty(name ?? letter ?? '')) throw new Bad(`${whole} names no script and no category`)
  return {}
}

function isProperty(name: string): boolean {
  if (!/^[A-Za-z_]+$/.test(name)) return false
  const capital = name.toLowerCase().replace(/(?<![a-z])[a-z]/g, (letter) => letter.toUpperCase())
  if (['Any', 'Ascii', 'Assigned'].includes(capital)) return true
  return ['General_Category', 'Script'].some((kind) => {
    try {
      return Boolean(new RegExp(`\\p{${kind}=${capital}}`, 'u'))
    } catch {
      return false
    }
  })
}

const posixNames = /^\^?(?:alnum|alpha|ascii|blank|cntrl|digit|graph|lower|print|punct|space|upper|word|xdigit)$/

function readClass(reader: Reader): void {
  reader.at += reader.text[reader.at + 1] === '^' ? 2 : 1
  for (let first = true; first || reader.text[reader.at] !== ']'; first = false) {
    if (readPosixClass(reader)) continue
    const low = readClassRune(reader)
    const { text, at } = reader
    if (low === undefined || text[at] !== '-' || text[at + 1] === undefined || text[at + 1] === ']') continue
    reader.at++
    const high = readClassRune(reader, true)
    if (high === undefined || high < low)
      throw new Bad(`the range ${text.slice(at - 1, reader.at)} ends before it begins`)
  }
  reader.at++
}

/** `[:alpha:]`; what has no end is text, what has a wrong name is a mistake. */
function readPosixClass(reader: Reader): boolean {
  const { text, at, lastPosixEnd } = reader
  if (at + 2 > lastPosixEnd || !text.startsWith('[:', at)) return false
  const end = text.indexOf(':]', at + 2)
  if (!posixNames.test(text.slice(at + 2, end))) throw new Bad(`there is no class ${text.slice(at, at + 20)}`)
  reader.at = end + 2
  return true
}

/** A character, or undefined for a class within the class, which no range can end with. */
function readClassRune(reader: Reader, endsRange = false): number | undefined {
  if (reader.text[reader.at] === undefined) throw new Bad('a [ has no ] after it')
  if (reader.text[reader.at] !== '\\') return readRune(reader)
  if (endsRange && /[pP]/.test(reader.text.charAt(reader.at + 1))) throw new Bad('a range cannot end with a class')
  return readEscape(reader, endsRange ? /(?!)/ : insideClass).rune
}

function readRune(reader: Reader): number {
  const rune = reader.text.codePointAt(reader.at) ?? 0
  reader.at += rune > 0xffff ? 2 : 1
  return rune
}

function match(reader: Reader, pattern: RegExp): readonly (string | undefined)[] {
  pattern.lastIndex = reader.at
  return pattern.exec(reader.text) ?? []
}
