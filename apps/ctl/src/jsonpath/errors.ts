/** A jsonpath template that cannot be read, or not be applied to the data. */
export class JsonPathError extends Error {
  override readonly name = 'JsonPathError'
  readonly code: 'jsonpath/parse' | 'jsonpath/evaluate'

  constructor(code: JsonPathError['code'], message: string) {
    super(message)
    this.code = code
  }
}
