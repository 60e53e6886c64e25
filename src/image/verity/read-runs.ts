import type { ByteSource } from '../byte-source.ts';

/** Bytes that are read and hashed at once: a multiple of every block size. */
export const RUN_SIZE = 1024 * 1024;

/** The bytes of a part of a source, {@link RUN_SIZE} at a time; the next ones are read while the last ones are used. */
export async function* readRuns(
  source: ByteSource,
  offset: number,
  length: number,
): AsyncGenerator<Uint8Array> {
  const start = (done: number): Promise<Uint8Array> => {
    const read = Promise.resolve(source.read(offset + done, Math.min(RUN_SIZE, length - done)));
    // Whoever takes the runs may be content before this one fails.
    read.catch(() => {});
    return read;
  };
  let next = start(0);
  for (let done = RUN_SIZE; done < length; done += RUN_SIZE) {
    const run = await next;
    next = start(done);
    yield run;
  }
  yield next;
}
