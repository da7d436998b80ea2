import type { KeyType } from '../data-type.ts'
import type { Element, NftSet, Rule, RuleRef, TableRef } from '../object/object.ts'
import type { Addable, Creatable, Deletable, Flushable, Operation } from './operation.ts'

/** What is to change, all or nothing. Order matters: an object comes before what refers to it. Only builds; see `commit`. */
export interface Transaction {
  readonly operations: readonly Operation[]
  add(...objects: Addable[]): this
  create(...objects: Creatable[]): this
  insert(...rules: Rule[]): this
  replace(...rules: (Rule & RuleRef)[]): this
  delete(...objects: Deletable[]): this
  destroy(...objects: Deletable[]): this
  flush(...objects: Flushable[]): this
  /**
   * Adds a set without name, `{ 80, 443 }`, for one rule of this transaction, and returns it. It goes with the rule.
   * @param interval elements are pairs, see `Element`
   */
  anonymousSet(
    table: TableRef,
    key: KeyType,
    elements: readonly Element[],
    options?: { readonly data?: 'verdict' | KeyType; readonly interval?: true },
  ): NftSet
}

/** @param operations to begin with, e.g. of another transaction */
export function createTransaction(operations: Iterable<Operation> = []): Transaction {
  const list: Operation[] = [...operations]
  let anonymous = list.filter(({ object }) => object.kind === 'set' && 'anonymous' in object).length
  const each = (verb: Operation['verb'], objects: readonly object[]): Transaction => {
    for (const object of objects) list.push({ verb, object } as Operation)
    return transaction
  }
  const transaction: Transaction = {
    operations: list,
    add: (...objects) => each('add', objects),
    create: (...objects) => each('create', objects),
    insert: (...rules) => each('insert', rules),
    replace: (...rules) => each('replace', rules),
    delete: (...objects) => each('delete', objects),
    destroy: (...objects) => each('destroy', objects),
    flush: (...objects) => each('flush', objects),
    anonymousSet(table, key, elements, { data, interval } = {}) {
      anonymous += 1
      const set: NftSet = {
        kind: 'set',
        table,
        name: data === undefined ? '__set%d' : '__map%d',
        id: anonymous,
        key,
        anonymous: true,
        constant: true,
        size: elements.length,
        ...(data === undefined ? {} : { data }),
        ...(interval === undefined ? {} : { interval }),
      }
      each('add', [set, { kind: 'elements', set, elements }])
      return set
    },
  }
  return transaction
}
