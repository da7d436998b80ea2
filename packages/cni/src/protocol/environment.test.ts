import { describe, expect, it } from 'vitest'
import { CniError } from '../errors.ts'
import { type Command, parseEnvironment, requireCommand, requiredVariables } from './environment.ts'

const full = { CNI_CONTAINERID: 'c1', CNI_NETNS: '/run/netns/a', CNI_IFNAME: 'eth0', CNI_PATH: '/opt/cni/bin:/usr/bin' }

describe('every command', () => {
  it.each(Object.keys(requiredVariables) as Command[])('%s names all the variables it misses at once', (command) => {
    const required = requiredVariables[command]
    if (required.length === 0) return expect(parseEnvironment({ CNI_COMMAND: command }).command).toBe(command)
    const error = catching(() => parseEnvironment({ CNI_COMMAND: command }))
    expect(error.cniCode).toBe(4)
    expect(error.message).toContain(`[${required.join(',')}]`)
  })

  it.each(Object.keys(requiredVariables) as Command[])('%s is read when nothing is missing', (command) => {
    expect(parseEnvironment({ CNI_COMMAND: command, ...full, CNI_ARGS: 'A=b' })).toEqual({
      command,
      containerId: 'c1',
      netns: '/run/netns/a',
      ifname: 'eth0',
      path: ['/opt/cni/bin', '/usr/bin'],
      args: 'A=b',
      ownNetnsAllowed: false,
    })
  })
})

describe('values', () => {
  it.each([
    ['CNI_CONTAINERID', '-x'],
    ['CNI_CONTAINERID', 'a/b'],
    ['CNI_IFNAME', 'sixteen-bytes-xx'],
    ['CNI_IFNAME', '.'],
    ['CNI_IFNAME', '..'],
    ['CNI_IFNAME', 'a/b'],
    ['CNI_IFNAME', 'a:b'],
    ['CNI_IFNAME', 'a b'],
    ['CNI_IFNAME', 'aaaaaaaaaaaaaaé'],
  ])('%s=%s is refused by name', (name, value) => {
    const error = catching(() => parseEnvironment({ CNI_COMMAND: 'ADD', ...full, [name]: value }))
    expect(error.cniCode).toBe(4)
    expect(error.message).toContain(name)
  })

  it('a bad value is told before missing ones', () => {
    expect(catching(() => parseEnvironment({ CNI_COMMAND: 'ADD', CNI_CONTAINERID: 'a/b' })).message).toContain('a/b')
  })

  it('DEL needs no netns', () => {
    const { CNI_NETNS: _, ...rest } = full
    expect(parseEnvironment({ CNI_COMMAND: 'DEL', ...rest }).netns).toBe('')
  })

  it.each(['TRUE', 'true', '1'])('CNI_NETNS_OVERRIDE=%s', (value) => {
    expect(parseEnvironment({ CNI_COMMAND: 'ADD', ...full, CNI_NETNS_OVERRIDE: value }).ownNetnsAllowed).toBe(true)
  })

  it('an unknown command is refused later, with the known ones', () => {
    const error = catching(() => requireCommand(parseEnvironment({ CNI_COMMAND: 'PING' })))
    expect(error.cniCode).toBe(4)
    expect(error.message).toContain('ADD, DEL, CHECK, GC, STATUS, VERSION')
  })
})

function catching(fn: () => unknown): CniError {
  try {
    fn()
  } catch (error) {
    if (error instanceof CniError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}
