import type { NftObject, SetRef, TableRef } from '../object/object.ts'
import type { Operation } from '../transaction/operation.ts'

/** What an operation is about, on one line: `add chain inet tortie forward`, `add 500 elements of inet tortie hosts`. */
export function formatOperation({ verb, object }: Operation): string {
  return `${verb} ${formatHead(object as NftObject)}`
}

function formatHead(object: NftObject): string {
  switch (object.kind) {
    case 'table':
      return `table ${formatName(object)}`
    case 'chain':
      return `chain ${formatName(object.table)} ${object.name}`
    case 'set':
      return `${setWord(object)} ${formatName(object.table)} ${object.name}`
    case 'flowtable':
      return `flowtable ${formatName(object.table)} ${object.name}`
    case 'rule': {
      const { table, name } = object.chain
      return `rule ${formatName(table)} ${name}${object.handle === undefined ? '' : ` handle ${object.handle}`}`
    }
    case 'elements':
      return `${object.elements.length} elements of ${formatName(object.set.table)} ${object.set.name}`
    case 'packed-elements':
      return `${object.count} elements of ${formatName(object.set.table)} ${object.set.name}`
  }
}

export function formatName({ family, name }: TableRef): string {
  return `${family} ${name}`
}

export function setWord(set: SetRef): 'set' | 'map' {
  return 'data' in set && set.data !== undefined ? 'map' : 'set'
}
