/** A template that cannot be read, or that cannot be carried out. The text is Go's: `template: get:1:3: …`. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError'

  readonly code: 'template/parse' | 'template/execute'

  constructor(code: TemplateError['code'], message: string, options?: { readonly cause?: unknown }) {
    super(message, options)
    this.code = code
  }
}
