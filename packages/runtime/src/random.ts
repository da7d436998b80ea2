export interface Random {
  /** Uniform in [0, 1). */
  next(): number
  /** RFC 9562 version 4, lower case with dashes. */
  uuid(): string
}
