import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createLab, type Lab, localRoute, neighbor } from '../testing/lab.ts'

let lab: Lab
beforeEach(() => {
  lab = createLab()
})
afterEach(() => lab.end())

const [a, b] = ['10.0.0.1', '10.0.0.2']

describe('two speakers', () => {
  it('establish and exchange their routes', async () => {
    const one = lab.node(a, [neighbor(b)])
    const two = lab.node(b, [neighbor(a)])
    one.speaker.announce([localRoute('10.1.0.0/24')])
    two.speaker.announce([localRoute('10.2.0.0/24')])
    await lab.until('both know both', () => one.best().length === 2 && two.best().length === 2)
    expect(one.best()).toEqual(['10.1.0.0/24', '10.2.0.0/24'])
    expect(one.peer(b)).toMatchObject({ state: 'Established', received: 1, sent: 1 })
    one.speaker.withdraw([{ prefix: '10.1.0.0/24', id: 'test' }])
    await lab.until('it is withdrawn', () => two.best().length === 1)
  })
})
