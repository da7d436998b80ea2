import { expect, it } from 'vitest'
import type { BgpControl, BgpRoute } from './control.ts'
import { answerBgp, askBgp } from './http.ts'

const call = { signal: new AbortController().signal }
const route = { family: 4, prefix: '10.65.0.0/26', status: 'best' } as BgpRoute

function recorded(): { readonly control: BgpControl; readonly asked: unknown[] } {
  const asked: unknown[] = []
  const note =
    <T>(answer: T) =>
    async (argument: unknown): Promise<T> => {
      asked.push(argument)
      return answer
    }
  const control: BgpControl & { readonly peers: readonly never[] } = {
    peers: [],
    async status() {
      return this.peers.length === 0
        ? { families: [], loopLagMs: 1 }
        : Promise.reject(new Error('somebody else is asked'))
    },
    problems: note([]),
    routes: note([route]),
    explain: note({ prefix: '10.65.0.0/26', learned: [route], exported: [] }),
    refresh: note(undefined),
    reset: () => Promise.reject(Object.assign(new Error('there is no peer nobody'), { code: 'node/no-such-peer' })),
    drain: note(undefined),
    undrain: note(undefined),
  }
  return { control, asked }
}

it('carries questions and answers unchanged', async () => {
  const { control, asked } = recorded()
  const remote = askBgp(async (method, url, how) => {
    const { status, body } = await answerBgp(control, method, url, how)
    if (status !== 200) throw new Error((body as { error: string }).error)
    return JSON.parse(JSON.stringify(body))
  })
  expect(await remote.routes({ family: 6 }, call)).toEqual([route])
  expect(await remote.routes({ family: 4, prefix: '10.65.0.0/26' }, call)).toEqual([route])
  expect(await remote.explain({ prefix: 'fd00::/64', peer: 'Global_a&b' }, call)).toMatchObject({ learned: [route] })
  expect(await remote.status(call)).toEqual({ families: [], loopLagMs: 1 })
  await remote.refresh({ peer: 'Mesh_1', direction: 'out' }, call)
  await remote.drain({ wait: 'yes' }, call)
  await remote.undrain(call)
  expect(asked).toEqual([
    { family: 6 },
    { family: 4, prefix: '10.65.0.0/26' },
    { prefix: 'fd00::/64', peer: 'Global_a&b' },
    { peer: 'Mesh_1', direction: 'out' },
    { wait: 'yes' },
    call,
  ])
  await expect(remote.reset({ peer: 'nobody' }, call)).rejects.toThrow('there is no peer nobody')
})

it.each([
  ['GET', '/routs', 404, 'there is no /routs; ask status, problems, routes'],
  ['GET', '/constructor', 404, 'there is no /constructor'],
  ['GET', '//', 400, '// is no path'],
  ['POST', '/status', 405, '/status wants GET'],
  ['GET', '/routes', 400, 'family has to be 4 or 6'],
  ['GET', '/routes?family=4&prefix=ten', 400, 'prefix has to be a prefix, as 10.65.0.0/26'],
  ['GET', '/explain', 400, 'prefix has to be a prefix'],
  ['POST', '/refresh?peer=a&direction=up', 400, 'direction has to be in or out'],
  ['POST', '/refresh?direction=in', 400, 'peer is missing'],
])('refuses %s %s', async (method, url, status, words) => {
  const answer = await answerBgp(recorded().control, method, url, call)
  expect(answer).toEqual({ status, body: { error: expect.stringContaining(words) } })
})

it('tells the code of what fails', async () => {
  expect(await answerBgp(recorded().control, 'POST', '/reset?peer=nobody', call)).toEqual({
    status: 500,
    body: { error: 'there is no peer nobody', code: 'node/no-such-peer' },
  })
})
