import * as z from 'zod/mini'
import { referenceComplaint } from '../metadata/names.ts'
import { findings, int, list, object, oneOf, optional, sparse, text } from '../schema/fields.ts'
import { addressComplaint } from '../schema/formats.ts'
import type { Infer } from '../schema/infer.ts'
import { once } from '../schema/once.ts'
import { timestamp } from '../schema/values.ts'
import type { Resource } from './resource.ts'

/** A wish to have a node's state reported into `status`, every so many seconds; 0: never (spec 01 §1.16). */
export const calicoNodeStatusSpec = once(() =>
  object({
    node: text(referenceComplaint),
    classes: list(oneOf('Agent', 'BGP', 'Routes')).check(
      findings(function* (classes) {
        for (const [i, name] of classes.entries())
          if (classes.indexOf(name) < i) yield { at: [i], reason: `'${name}' specified more than once` }
      }),
    ),
    updatePeriodSeconds: int(0, 86_400),
  }),
)

const address = () => sparse(text((value) => addressComplaint(value)))

const daemon = once(() =>
  object({
    state: sparse(oneOf('Ready', 'NotReady')),
    version: sparse(text()),
    routerID: sparse(text()),
    lastBootTime: sparse(text()),
    lastReconfigurationTime: sparse(text()),
  }),
)

const nodePeer = once(() =>
  object({
    peerIP: address(),
    type: sparse(oneOf('NodeMesh', 'NodePeer', 'GlobalPeer')),
    state: sparse(oneOf('Idle', 'Connect', 'Active', 'OpenSent', 'OpenConfirm', 'Established', 'Close')),
    since: sparse(text()),
  }),
)

/** FIB: used for forwarding; RIB: known only. */
const nodeRoute = once(() =>
  object({
    type: sparse(oneOf('FIB', 'RIB')),
    destination: sparse(text()),
    gateway: sparse(text()),
    interface: sparse(text()),
    learnedFrom: optional(
      object({
        sourceType: sparse(oneOf('Kernel', 'Static', 'Direct', 'NodeMesh', 'BGPPeer')),
        peerIP: address(),
      }),
    ),
  }),
)

const count = () => optional(int())

export const calicoNodeStatusStatus = once(() =>
  object({
    lastUpdated: optional(z.nullable(timestamp())),
    agent: optional(object({ birdV4: optional(daemon()), birdV6: optional(daemon()) })),
    bgp: optional(
      object({
        numberEstablishedV4: count(),
        numberNotEstablishedV4: count(),
        numberEstablishedV6: count(),
        numberNotEstablishedV6: count(),
        peersV4: sparse(list(nodePeer())),
        peersV6: sparse(list(nodePeer())),
      }),
    ),
    routes: optional(object({ routesV4: sparse(list(nodeRoute())), routesV6: sparse(list(nodeRoute())) })),
  }),
)

export interface CalicoNodePeer extends Infer<typeof nodePeer> {}
export interface CalicoNodeRoute extends Infer<typeof nodeRoute> {}
export interface CalicoNodeStatusSpec extends Infer<typeof calicoNodeStatusSpec> {}
export interface CalicoNodeStatusStatus extends Infer<typeof calicoNodeStatusStatus> {}
export interface CalicoNodeStatus extends Resource<'CalicoNodeStatus', CalicoNodeStatusSpec, CalicoNodeStatusStatus> {}
