/** Values in the order in which they came, for one reader that waits where there is none. */
export class WaitingLine<Value> {
  readonly #values: Value[] = [];
  #reader: { resolve(value: Value): void; reject(error: unknown): void } | undefined;
  #failure: { readonly error: unknown } | undefined;

  add(value: Value): void {
    if (this.#reader === undefined) this.#values.push(value);
    else this.#reader.resolve(value);
    this.#reader = undefined;
  }

  /** Nothing will come any more: who reads is told, when what came before is read. The first call counts. */
  fail(error: unknown): void {
    this.#failure ??= { error };
    this.#reader?.reject(error);
    this.#reader = undefined;
  }

  /** The next value. One call at a time. @throws what {@link fail} was given. */
  async next(): Promise<Value> {
    if (this.#values.length > 0) return this.#values.shift()!;
    if (this.#failure !== undefined) throw this.#failure.error;
    return new Promise((resolve, reject) => {
      this.#reader = { resolve, reject };
    });
  }
}
