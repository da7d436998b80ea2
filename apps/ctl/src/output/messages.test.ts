import { describe, expect, it } from 'vitest'
import { type Outcome, reportOutcome } from './messages.ts'

const outcome = (given: Partial<Outcome>): Outcome => ({ total: 1, succeeded: 0, errors: [], kind: 'IPPool', ...given })
const error = new Error('boom')

describe('reportOutcome', () => {
  it.each([
    ['apply', outcome({ succeeded: 1 }), "Successfully applied 1 'IPPool' resource(s)\n", ''],
    ['create', outcome({ total: 2, succeeded: 2, kind: undefined }), 'Successfully created 2 resource(s)\n', ''],
    ['apply', outcome({ total: 0 }), 'No resources specified\n', ''],
    ['apply', outcome({ errors: [error] }), '', "failed to apply 'IPPool' resource: [boom]\n"],
    [
      'create',
      outcome({ total: 2, errors: [error, error] }),
      '',
      "failed to create any 'IPPool' resources: [boom boom]\n",
    ],
    [
      'create',
      outcome({ total: 2, errors: [error, error], kind: undefined }),
      '',
      'failed to create any resources: [boom boom]\n',
    ],
    [
      'apply',
      outcome({ total: 3, succeeded: 2, errors: [error] }),
      "Partial success: applied the first 2 out of 3 'IPPool' resources:\n",
      'hit error: [boom]\n',
    ],
    ['apply', outcome({ total: 2, succeeded: 1, errors: [error] }), '', 'hit error: [boom]\n'],
    ['delete', outcome({ succeeded: 1 }), "Successfully deleted 1 'IPPool' resource(s)\n", ''],
    [
      'delete',
      outcome({ total: 2, succeeded: 1, errors: [error] }),
      "Successfully deleted 1 'IPPool' resource(s)\n",
      "Failed to delete 'IPPool' resource: boom\n\n",
    ],
    [
      'replace',
      outcome({ errors: [error] }),
      "Partial success: replaced the first 1 out of 1 'IPPool' resources:\n",
      'hit error: boom\n',
    ],
    [
      'replace',
      outcome({ total: 3, succeeded: 1, errors: [new Error('first'), error], kind: undefined }),
      'Partial success: replaced the first 3 out of 3 resources:\n',
      'hit error: boom\nand: first\n',
    ],
    ['replace', outcome({ errors: [error], misplaced: 1 }), '', "failed to replace 'IPPool' resource: boom\n"],
  ] as const)('%s %#', (verb, given, stdout, stderr) => {
    expect(reportOutcome(verb, given)).toEqual({ stdout, stderr })
  })
})
