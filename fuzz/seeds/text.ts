/** Texts as inputs, in UTF-8. */
export function texts(...values: readonly string[]): Uint8Array[] {
  return values.map((value) => new Uint8Array(Buffer.from(value, 'utf8')));
}

/** Values as inputs, in JSON. */
export function documents(...values: readonly unknown[]): Uint8Array[] {
  return texts(...values.map((value) => JSON.stringify(value)));
}
