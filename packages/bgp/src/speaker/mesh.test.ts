import { expect, it } from 'vitest'
import { createLab, type Lab, localRoute, type Node, neighbor } from '../testing/lab.ts'

const addressOf = (i: number): string => `10.0.0.${i + 1}`
const prefixOf = (i: number): string => `10.244.${i}.0/24`
const all = (count: number): string[] => Array.from({ length: count }, (_, i) => prefixOf(i)).sort()

function fullMesh(lab: Lab, count: number): Node[] {
  return Array.from({ length: count }, (_, i) => {
    const others = Array.from({ length: count }, (_, j) => j).filter((j) => j !== i)
    // As Calico does: of two nodes one dials.
    const peers = others.map((j) => neighbor(addressOf(j), { passive: addressOf(j) > addressOf(i) }))
    const node = lab.node(addressOf(i), peers)
    node.speaker.announce([localRoute(prefixOf(i))])
    return node
  })
}

it('a full mesh of ten converges, forgets who leaves for good, and takes it back', async () => {
  const lab = createLab()
  const nodes = fullMesh(lab, 10)
  const complete = (count: number) => (): boolean => nodes.slice(0, count).every((node) => node.best().length === count)
  await lab.until('everybody knows everything', complete(10))
  for (const node of nodes) expect(node.best()).toEqual(all(10))
  await lab.clock.drive(nodes[9]?.speaker.stop('shutdown', 'leaving') ?? Promise.resolve())
  await lab.until('the others have forgotten it', complete(9))
  expect(nodes[0]?.peer(addressOf(9)).lastError).toBe('received cease/administrativeShutdown: leaving')
  await lab.end()
})

it('two reflectors with eight clients: everything reaches everybody, also when one reflector dies', async () => {
  const lab = createLab(5)
  const reflectors = [0, 1].map((i) => {
    const clients = Array.from({ length: 8 }, (_, j) =>
      neighbor(addressOf(j + 2), { passive: true, reflect: { clusterId: '1.1.1.1' } }),
    )
    return lab.node(addressOf(i), [neighbor(addressOf(1 - i), { passive: i === 0 }), ...clients])
  })
  const clients = Array.from({ length: 8 }, (_, j) => {
    const node = lab.node(addressOf(j + 2), [neighbor(addressOf(0)), neighbor(addressOf(1))])
    node.speaker.announce([localRoute(prefixOf(j))])
    return node
  })
  await lab.until('all know all', () => clients.every((node) => node.best().length === 8))
  await lab.pass(5)
  const paths = [...(clients[0]?.speaker.paths(4, prefixOf(3)) ?? [])]
  expect(paths.map(({ attributes }) => attributes.originatorId)).toEqual([addressOf(5), addressOf(5)])
  reflectors[0]?.kill()
  await lab.pass(130) // its routes are stale, then gone; those of the other are the same
  for (const node of clients) expect(node.best()).toEqual(all(8))
  for (const node of clients) expect(node.peer(addressOf(1)).flaps).toBe(0)
  clients[7]?.speaker.withdraw([{ prefix: prefixOf(7), id: 'test' }])
  await lab.until('a withdrawal reaches all', () => clients.every((node) => node.best().length === 7))
  await lab.end()
})

it('repeats itself to the octet with the same seed', async () => {
  const run = async (): Promise<string> => {
    const lab = createLab(9)
    const nodes = fullMesh(lab, 4)
    await lab.pass(30)
    const text = JSON.stringify(nodes.map(({ events, speaker }) => [events, speaker.peers()]))
    await lab.end()
    return text
  }
  expect(await run()).toBe(await run())
})
