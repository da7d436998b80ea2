import type { ChainRef, NftObject, SetRef, TableRef } from '../object/object.ts'
import type { Operation } from './operation.ts'
import type { Transaction } from './transaction.ts'

/** Head of an operation: `add chain inet tortie forward`. */
export function formatOperation({ verb, object }: Operation): string {
  return `${verb} ${formatRef(object as NftObject)}`
}

function formatRef(object: NftObject): string {
  const of = ({ family, name }: TableRef): string => `${family} ${name}`
  switch (object.kind) {
    case 'table':
      return `table ${of(object)}`
    case 'chain':
      return `chain ${of(object.table)} ${object.name}`
    case 'set':
      return `${object.data === undefined ? 'set' : 'map'} ${of(object.table)} ${object.name}`
    case 'flowtable':
      return `flowtable ${of(object.table)} ${object.name}`
    case 'rule':
      return `rule ${of(object.chain.table)} ${object.chain.name}${object.handle === undefined ? '' : ` handle ${object.handle}`}`
    case 'elements':
      return `${object.elements.length} elements of ${of(object.set.table)} ${object.set.name}`
    case 'packed-elements':
      return `${object.count} elements of ${of(object.set.table)} ${object.set.name}`
  }
}

/** For people: what would be done. */
export function formatTransaction({ operations }: Transaction): string {
  return operations.map(formatOperation).join('\n')
}

export type { ChainRef, SetRef }
