import type { State } from '../session/fsm.ts'

type Progress = { readonly state: State }

const rank: Readonly<Record<State, number>> = {
  Idle: 0,
  Active: 1,
  Connect: 2,
  OpenSent: 3,
  OpenConfirm: 4,
  Established: 5,
}

/** An OPEN went over it. */
export const hasOpened = ({ state }: Progress): boolean => rank[state] >= rank.OpenSent

/** OPENs went both ways. */
export const isConversing = (one: Progress | undefined): boolean =>
  one !== undefined && rank[one.state] >= rank.OpenConfirm

/** The state of a peer that has several connections. */
export function mostAdvanced(connections: readonly Progress[]): State {
  return connections.reduce<State>((most, { state }) => (rank[state] > rank[most] ? state : most), 'Idle')
}
