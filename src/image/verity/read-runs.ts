import type { ByteSource } from '../byte-source.ts';

/** Bytes that are read and hashed at once: a multiple of every block size. */
const RUN_SIZE = 1024 * 1024;

/** The bytes of a part of a source, a mebibyte at a time; the next ones are read while the last ones are used. */
export async function* readRuns(
  source: ByteSource,
  offset: number,
  length: number,
): AsyncGenerator<Uint8Array> {
  yield* aheadOf((start, size) => source.read(offset + start, size), length);
}

/** As {@link readRuns}, where each run is needed only until the next one is asked for. */
export async function* readFleetingRuns(
  source: ByteSource,
  offset: number,
  length: number,
): AsyncGenerator<Uint8Array> {
  const buffers = [new Uint8Array(Math.min(RUN_SIZE, length)), new Uint8Array(Math.min(RUN_SIZE, length))];
  const read = async (start: number, size: number): Promise<Uint8Array> => {
    const target = buffers[(start / RUN_SIZE) % 2]!.subarray(0, size);
    if (source.readInto === undefined) return source.read(offset + start, size);
    await source.readInto(offset + start, target);
    return target;
  };
  yield* aheadOf(read, length);
}

async function* aheadOf(
  read: (start: number, size: number) => Uint8Array | Promise<Uint8Array>,
  length: number,
): AsyncGenerator<Uint8Array> {
  const begin = (start: number): Promise<Uint8Array> => {
    const run = Promise.resolve(read(start, Math.min(RUN_SIZE, length - start)));
    // Whoever takes the runs may be content before this one fails.
    run.catch(() => {});
    return run;
  };
  let next = begin(0);
  for (let start = RUN_SIZE; start < length; start += RUN_SIZE) {
    const run = await next;
    next = begin(start);
    yield run;
  }
  yield next;
}
