import { type Group, leaf } from '../cli/command.ts'
import { CtlError } from '../errors.ts'

const outputFlag = {
  output: { kind: 'text', short: 'o', initial: 'table', help: 'table or json', choices: ['table', 'json'] },
} as const

function checkOutput(output: string): string {
  if (output === 'table' || output === 'json') return output
  throw new CtlError(`--output ${output}: give table or json`)
}

const peers = leaf({
  name: 'peers',
  summary: 'Show the sessions of this node, with the routes that came and went',
  flags: outputFlag,
  args: { exactly: 0 },
  async run({ values, shell, call }) {
    const { showPeers } = await import('../commands/bgp.ts')
    return await showPeers(checkOutput(values.output), { shell, call })
  },
})

const problems = leaf({
  name: 'problems',
  summary: 'Show what is wrong in the BGP resources of this node, and which objects contradict each other',
  flags: outputFlag,
  args: { exactly: 0 },
  async run({ values, shell, call }) {
    const { showProblems } = await import('../commands/bgp.ts')
    return await showProblems(checkOutput(values.output), { shell, call })
  },
})

const routes = leaf({
  name: 'routes',
  usage: '[PREFIX]',
  summary: 'Show the routes that this node uses',
  example: 'tortiectl bgp routes --all',
  flags: { all: { kind: 'switch', help: 'also those that lost, and why' }, ...outputFlag },
  async run({ values, args, shell, call }) {
    const { showRoutes } = await import('../commands/bgp.ts')
    const question = { prefix: args[0] ?? '', all: values.all, output: checkOutput(values.output) }
    return await showRoutes(question, { shell, call })
  },
})

const explain = leaf({
  name: 'explain',
  usage: 'PREFIX',
  summary: 'Say why a prefix is learned or not, and sent to a peer or not',
  example: 'tortiectl bgp explain 10.65.0.64/26 --peer Global_192_0_2_1',
  flags: { peer: { kind: 'text', initial: '', help: 'sent to this peer only, by its name' }, ...outputFlag },
  args: { exactly: 1 },
  async run({ values, args, shell, call }) {
    const { explainRoute } = await import('../commands/bgp.ts')
    const question = { prefix: args[0] ?? '', peer: values.peer, output: checkOutput(values.output) }
    return await explainRoute(question, { shell, call })
  },
})

const dump = leaf({
  name: 'dump',
  summary: 'Write all routes as MRT (RFC 6396), which bgpdump and others read',
  example: 'tortiectl bgp dump > table.mrt',
  flags: {},
  args: { exactly: 0 },
  async run({ shell, call }) {
    const { dumpTables } = await import('../commands/bgp.ts')
    return await dumpTables({ shell, call })
  },
})

const drain = leaf({
  name: 'drain',
  summary: 'Ask the peers of this node to use other ways, before it is stopped',
  about: 'Ask the peers of this node to use other ways (RFC 8326), until `bgp undrain` or the next start of the agent.',
  example: 'tortiectl bgp drain --wait',
  flags: { wait: { kind: 'switch', help: 'until every peer has been told' } },
  args: { exactly: 0 },
  async run({ values, shell, call }) {
    const { drainNode } = await import('../commands/bgp.ts')
    return await drainNode(values.wait, { shell, call })
  },
})

const undrain = leaf({
  name: 'undrain',
  summary: 'Take back what drain asked for',
  flags: {},
  args: { exactly: 0 },
  async run({ shell, call }) {
    const { undrainNode } = await import('../commands/bgp.ts')
    return await undrainNode({ shell, call })
  },
})

const refresh = leaf({
  name: 'refresh',
  usage: 'PEER',
  summary: 'Ask a peer for its routes again, or send it ours, without losing the session',
  flags: { direction: { kind: 'text', initial: 'in', help: 'in or out', choices: ['in', 'out'] } },
  args: { exactly: 1 },
  async run({ values, args, shell, call }) {
    const { refreshPeer } = await import('../commands/bgp.ts')
    return await refreshPeer(args[0] ?? '', values.direction, { shell, call })
  },
})

const reset = leaf({
  name: 'reset',
  usage: 'PEER',
  summary: 'End a session; it starts again',
  flags: { text: { kind: 'text', initial: '', help: 'words for whoever reads the log on the other side' } },
  args: { exactly: 1 },
  async run({ values, args, shell, call }) {
    const { resetPeer } = await import('../commands/bgp.ts')
    return await resetPeer(args[0] ?? '', values.text, { shell, call })
  },
})

export const bgp: Group = {
  name: 'bgp',
  summary: 'BGP of this node: ask the agent that runs here',
  commands: [peers, problems, routes, explain, dump, drain, undrain, refresh, reset],
}
