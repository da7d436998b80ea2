import { type Group, leaf } from '../cli/command.ts'
import { CtlError } from '../errors.ts'
import { configFlag, connected } from './common.ts'

const reading = { onlyReads: true } as const

const show = leaf({
  name: 'show',
  summary: 'Show how the address space is used',
  about: 'Show how the address space is used. Of several flags the first in this order counts.',
  example: 'tortiectl ipam show --ip 10.65.0.7',
  flags: {
    ip: { kind: 'text', initial: '', help: 'who holds this address' },
    'show-blocks': { kind: 'switch', help: 'pools, with the blocks of each' },
    'show-borrowed': { kind: 'switch', help: 'addresses that a node uses from the block of another' },
    'show-configuration': { kind: 'switch', help: 'the configuration of IP address management' },
    ...configFlag,
  },
  async run(invocation) {
    const { values } = invocation
    const { showAddress, showBorrowed, showConfiguration, showUsage } = await import('../commands/ipam-show.ts')
    return await connected(
      invocation,
      (context) => {
        if (values.ip !== '') return showAddress(values.ip, context)
        if (values['show-blocks']) return showUsage({ withBlocks: true }, context)
        if (values['show-borrowed']) return showBorrowed(context)
        if (values['show-configuration']) return showConfiguration(context)
        return showUsage({ withBlocks: false }, context)
      },
      reading,
    )
  },
})

const check = leaf({
  name: 'check',
  summary: 'Compare allocations with what uses them',
  example: 'tortiectl ipam check --show-problem-ips -o report.json',
  flags: {
    'show-all-ips': { kind: 'switch', help: 'list every address' },
    'show-problem-ips': { kind: 'switch', help: 'list the addresses with a problem' },
    output: { kind: 'text', short: 'o', initial: '', help: 'write a report, for ipam release' },
    kubeconfig: {
      kind: 'text',
      initial: '',
      help: "where Services are read, for clusters whose LoadBalancer addresses are Calico's (KUBECONFIG)",
    },
    'exit-code': { kind: 'switch', help: 'end with 1 when there are problems' },
    ...configFlag,
  },
  async run(invocation) {
    const { values } = invocation
    const { checkAllocations } = await import('../commands/ipam-check.ts')
    const options = {
      showAll: values['show-all-ips'],
      showProblems: values['show-all-ips'] || values['show-problem-ips'],
      output: values.output,
      kubernetes: { kubeconfig: values.kubeconfig, context: invocation.globals.context },
      exitCode: values['exit-code'],
    }
    return await connected(invocation, (context) => checkAllocations(options, context), reading)
  },
})

const release = leaf({
  name: 'release',
  summary: 'Release addresses',
  example: 'tortiectl ipam release --from-report report.json',
  flags: {
    ip: { kind: 'text', initial: '', help: 'this address, whatever holds it' },
    'from-report': { kind: 'list', help: 'what leaked in every report of ipam check; may be given several times' },
    force: { kind: 'switch', help: 'even if a report is of another version or the datastore is not locked' },
    ...configFlag,
  },
  async run(invocation) {
    const { ip, force, 'from-report': files } = invocation.values
    if (ip === '' && files.length === 0)
      throw new CtlError('nothing to release: use --ip ADDRESS or --from-report FILE')
    const { releaseAddress, releaseReported } = await import('../commands/ipam-release.ts')
    return await connected(invocation, (context) =>
      files.length > 0 ? releaseReported(files, force, context) : releaseAddress(ip, context),
    )
  },
})

const configure = leaf({
  name: 'configure',
  summary: 'Change the configuration of IP address management',
  example: 'tortiectl ipam configure --strictaffinity true',
  flags: {
    strictaffinity: {
      kind: 'text',
      initial: '',
      choices: ['true', 'false'],
      help: 'true: nodes use blocks of their own only',
    },
    'max-blocks-per-host': { kind: 'text', initial: '', help: 'how many blocks a node may have, 0 for any number' },
    'kubevirt-ip-persistence': {
      kind: 'text',
      initial: '',
      choices: ['Enabled', 'Disabled'],
      help: 'Enabled or Disabled',
    },
    'ip-cooldown-seconds': { kind: 'text', initial: '-1', help: 'how long a released address rests, 0 to 1200' },
    ...configFlag,
  },
  async run(invocation) {
    const { configureIpam, readChange } = await import('../commands/ipam-configure.ts')
    const change = readChange(invocation.values)
    return await connected(invocation, (context) => configureIpam(change, context))
  },
})

const split = leaf({
  name: 'split',
  usage: 'NUMBER',
  summary: 'Make several smaller pools of one',
  about: 'Make several smaller pools of one. The datastore has to be locked: datastore migrate lock.',
  example: 'tortiectl ipam split 4 --name default-ipv4-ippool',
  args: { exactly: 1 },
  flags: {
    cidr: { kind: 'text', initial: '', help: 'of the pool' },
    name: { kind: 'text', initial: '', help: 'of the pool; counts before --cidr' },
    ...configFlag,
  },
  async run(invocation) {
    const { values, args } = invocation
    const { readParts, splitPool } = await import('../commands/ipam-split.ts')
    const parts = readParts(args[0] ?? '')
    if (values.cidr === '' && values.name === '')
      throw new CtlError('no name or CIDR provided. Provide a name or CIDR to denote the IP pool to split')
    return await connected(invocation, (context) => splitPool({ parts, ...values }, context))
  },
})

export const ipam: Group = {
  name: 'ipam',
  summary: 'IP address management',
  commands: [show, check, release, split, configure],
}
