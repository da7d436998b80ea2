import { type Group, leaf } from '../cli/command.ts'
import { configFlag, connected } from './common.ts'

const locking = (name: 'lock' | 'unlock', summary: string) =>
  leaf({
    name,
    summary,
    flags: configFlag,
    async run(invocation) {
      const { setLock } = await import('../commands/lock.ts')
      return await connected(invocation, (context) => setLock(name === 'lock', context))
    },
  })

export const datastore: Group = {
  name: 'datastore',
  summary: 'The datastore as a whole',
  commands: [
    {
      name: 'migrate',
      summary: 'Moving to another datastore',
      commands: [
        locking('lock', 'Keep components from changing addresses and pods'),
        locking('unlock', 'Let them go on'),
      ],
    },
  ],
}
