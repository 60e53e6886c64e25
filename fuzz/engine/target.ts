/** Something that reads bytes from outside, as the fuzzer drives it. A module in fuzz/targets exports one as `target`. */
export interface Target {
  /** Inputs to begin from: small, most of them valid, each with something that the others do not have. */
  seeds(): Iterable<Uint8Array> | Promise<Iterable<Uint8Array>>;
  /**
   * Reads an input and checks what came out of it. It may end by itself or with a CodedError, as readers refuse input;
   * any other error is a finding, those of `node:assert` too.
   */
  run(input: Uint8Array): Promise<unknown> | unknown;
  /** Sets check sums and the like to what they ought to be, in place, so that a mutation gets past them. */
  repair?(input: Uint8Array): void;
  /** Words of the format, beside the literals of the sources, which are taken by themselves. */
  readonly dictionary?: readonly (string | Uint8Array)[];
  /** Bytes that an input may have; 64 KiB if not given. */
  readonly sizeMax?: number;
}

/** Where a target is. */
export interface TargetModule {
  readonly name: string;
  /** `file:` address of the module. */
  readonly url: string;
}

/** Bytes that an input may have unless its target says otherwise. */
export const SIZE_MAX = 64 * 1024;

/** Loads a target. */
export async function loadTarget({ url }: TargetModule): Promise<Target> {
  const { target } = (await import(url)) as { target?: Target };
  if (target === undefined) throw new Error(`${url} exports no target`);
  return target;
}
