import { isPrefix } from '@tortie/ip'
import type { Call } from '@tortie/runtime'
import type { BgpControl } from './control.ts'

type Check = (value: string | undefined) => string | undefined
interface Question {
  readonly method: 'GET' | 'POST'
  /** By argument, what is wrong with its text; undefined when nothing is. */
  readonly checks?: Readonly<Record<string, Check>>
}

const anything: Check = () => undefined
const given: Check = (value) => (value ? undefined : 'is missing')
const oneOf =
  (...words: readonly string[]): Check =>
  (value) =>
    words.includes(value ?? '') ? undefined : `has to be ${words.join(' or ')}`
const prefix: Check = (value) =>
  value !== undefined && isPrefix(value) ? undefined : 'has to be a prefix, as 10.65.0.0/26'
const prefixOrNone: Check = (value) => (value === undefined ? undefined : prefix(value))

/**
 * BGP is asked over its Unix socket in HTTP: `GET /routes?family=4`. The path is the name of the question, arguments are
 * in the query, the answer is JSON.
 */
const questions: Readonly<Record<keyof BgpControl, Question>> = {
  status: { method: 'GET' },
  problems: { method: 'GET' },
  routes: { method: 'GET', checks: { family: oneOf('4', '6'), prefix: prefixOrNone } },
  explain: { method: 'GET', checks: { prefix, peer: anything } },
  refresh: { method: 'POST', checks: { peer: given, direction: oneOf('in', 'out') } },
  reset: { method: 'POST', checks: { peer: given, text: anything } },
  drain: { method: 'POST', checks: { wait: (value) => (value === undefined ? undefined : oneOf('yes', 'no')(value)) } },
  undrain: { method: 'POST' },
}
export const bgpQuestions = Object.keys(questions) as readonly (keyof BgpControl)[]

/** Body of an answer whose status is not 200. */
export interface BgpFailure {
  readonly error: string
  readonly code?: string
}

export interface BgpAnswer {
  readonly status: number
  readonly body: unknown
}

/** Answers one request: 404, 405 and 400 for what cannot be asked, 500 for what fails. @param url path and query */
export async function answerBgp(control: BgpControl, method: string, url: string, call: Call): Promise<BgpAnswer> {
  const asked = URL.parse(url, 'http://bgp')
  if (!asked) return refuse(400, `${url} is no path`)
  const { pathname, searchParams } = asked
  const name = pathname.slice(1) as keyof BgpControl
  if (!Object.hasOwn(questions, name)) return refuse(404, `there is no ${pathname}; ask ${bgpQuestions.join(', ')}`)
  const { method: wanted, checks } = questions[name]
  if (method !== wanted) return refuse(405, `${pathname} wants ${wanted}`)
  const argument: Record<string, unknown> = {}
  for (const [key, check] of Object.entries(checks ?? {})) {
    const value = searchParams.get(key) ?? undefined
    const complaint = check(value)
    if (complaint !== undefined) return refuse(400, `${key} ${complaint}`)
    if (value !== undefined) argument[key] = key === 'family' ? Number(value) : value
  }
  try {
    const ask = control[name] as (...parameters: readonly unknown[]) => Promise<unknown>
    return { status: 200, body: (await ask.apply(control, checks ? [argument, call] : [call])) ?? {} }
  } catch (error) {
    const { message, code } = error as { message?: string; code?: unknown }
    const failure: BgpFailure = { error: message ?? String(error), ...(typeof code === 'string' && { code }) }
    return { status: 500, body: failure }
  }
}

const refuse = (status: number, error: string): BgpAnswer => ({ status, body: { error } satisfies BgpFailure })

/**
 * The other end: BGP asked through any way to send a request.
 * @param send gives the body of an answer of status 200, and throws for others
 */
export function askBgp(send: (method: string, url: string, call: Call) => Promise<unknown>): BgpControl {
  const ask =
    (name: keyof BgpControl) =>
    async (...parameters: readonly unknown[]): Promise<unknown> => {
      const { method, checks } = questions[name]
      const [argument, call] = checks ? parameters : [{}, parameters[0]]
      const query = new URLSearchParams()
      for (const [key, value] of Object.entries(argument as object))
        if (value !== undefined) query.set(key, String(value))
      return await send(method, query.size === 0 ? `/${name}` : `/${name}?${query}`, call as Call)
    }
  return Object.fromEntries(bgpQuestions.map((name) => [name, ask(name)])) as unknown as BgpControl
}
