import { type Group, leaf } from '../cli/command.ts'
import { configFlag, connected } from './common.ts'

const diags = leaf({
  name: 'diags',
  summary: 'Collect what the datastore tells of the cluster in an archive',
  example: 'tortiectl cluster diags',
  args: { exactly: 0 },
  flags: {
    since: { kind: 'text', initial: '', help: 'understood, not used: no logs are read' },
    'max-logs': { kind: 'text', initial: '5', help: 'understood, not used: no logs are read' },
    'max-parallelism': { kind: 'text', initial: '10', help: 'understood, not used' },
    'focus-nodes': { kind: 'text', initial: '', help: 'understood, not used: no other host is asked' },
    'skip-temp-dir-cleanup': { kind: 'switch', help: 'leave the directory with the parts' },
    ...configFlag,
  },
  async run(invocation) {
    const { values } = invocation
    const { checkSince, collectClusterDiags } = await import('../commands/cluster-diags.ts')
    checkSince(values.since)
    const wanted = { since: values.since, keepTemp: values['skip-temp-dir-cleanup'] }
    return await connected(invocation, (context) => collectClusterDiags(wanted, context), { guarded: false })
  },
})

export const cluster: Group = { name: 'cluster', summary: 'The cluster as a whole', commands: [diags] }
