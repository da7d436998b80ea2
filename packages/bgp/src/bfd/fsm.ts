import { type BfdState, Diagnostic } from './packet.ts'

/** What moves a session: the state that a packet carries, the end of the detection time, and the operator. */
export type BfdEvent =
  | `receive ${BfdState}`
  | 'detection time expires'
  /** The operator, or the protocol that uses the session, disables it or allows it again. */
  | 'disable'
  | 'enable'
  /** The interface or the route to the peer is gone. */
  | 'path down'

/** The next state, and the diagnostic that goes with it when it is to change. */
export interface BfdTransition {
  readonly state: BfdState
  readonly diag?: number
}

const signaled = { state: 'Down', diag: Diagnostic.NeighborSignaledSessionDown } as const
const silent = { state: 'Down', diag: Diagnostic.ControlDetectionTimeExpired } as const
const pathDown = { state: 'Down', diag: Diagnostic.PathDown } as const
const disabled = { state: 'AdminDown', diag: Diagnostic.AdministrativelyDown } as const

/** RFC 5880 §6.2, §6.8.6, §6.8.4, §6.8.16. What is not listed changes nothing. */
const transitions: Readonly<Record<BfdState, Readonly<Partial<Record<BfdEvent, BfdTransition>>>>> = {
  AdminDown: { enable: { state: 'Down', diag: Diagnostic.None } },
  Down: {
    'receive Down': { state: 'Init' },
    'receive Init': { state: 'Up', diag: Diagnostic.None },
    disable: disabled,
  },
  Init: {
    'receive AdminDown': signaled,
    'receive Init': { state: 'Up', diag: Diagnostic.None },
    'receive Up': { state: 'Up', diag: Diagnostic.None },
    'detection time expires': silent,
    'path down': pathDown,
    disable: disabled,
  },
  Up: {
    'receive AdminDown': signaled,
    'receive Down': signaled,
    'detection time expires': silent,
    'path down': pathDown,
    disable: disabled,
  },
}

/** Where `event` leads from `state`; undefined when it stays there. */
export function bfdStep(state: BfdState, event: BfdEvent): BfdTransition | undefined {
  return transitions[state][event]
}
