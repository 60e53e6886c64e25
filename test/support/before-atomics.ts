import { vi } from 'vitest';

/** Calls back before the n-th of the operations by which threads agree, once. `vi.restoreAllMocks` ends it. */
export function beforeAtomics(n: number, callback: () => void): void {
  let count = 0;
  for (const name of ['load', 'store', 'add', 'compareExchange'] as const) {
    const original = Atomics[name] as (...args: unknown[]) => number;
    vi.spyOn(Atomics, name).mockImplementation(((...args: unknown[]) => {
      count += 1;
      if (count === n) callback();
      return original.apply(Atomics, args);
    }) as never);
  }
}
