import type { ByteSource } from '../image/byte-source.ts';

/** Bytes that are read at once where a few are asked for: what lies together in an image is asked for together. */
const WINDOW = 128 * 1024;
/** Windows that are kept: metadata, hash tree and partition tables lie in different ones. */
const WINDOWS = 8;

/** The same bytes, of which small pieces are read together with those around them: most of the time goes into single reads. */
export function readingAhead(source: ByteSource): ByteSource {
  /** By their number, those used last at the end. */
  const windows = new Map<number, Uint8Array | Promise<Uint8Array>>();
  const load = (number: number): Promise<Uint8Array> => {
    const start = number * WINDOW;
    const loading = Promise.resolve(source.read(start, Math.min(WINDOW, source.size - start)));
    loading.then(
      (bytes) => {
        // It may have been given up for another meanwhile.
        if (windows.get(number) === loading) windows.set(number, bytes);
      },
      () => windows.delete(number),
    );
    return loading;
  };
  const use = (number: number): Uint8Array | Promise<Uint8Array> => {
    const window = windows.get(number) ?? load(number);
    windows.delete(number);
    windows.set(number, window);
    for (const [oldest] of windows) {
      if (windows.size <= WINDOWS) break;
      windows.delete(oldest);
    }
    return window;
  };
  return {
    size: source.size,
    file: source.file,
    read(offset, length) {
      const number = Math.floor(offset / WINDOW);
      const start = offset - number * WINDOW;
      const isWithin =
        offset >= 0 && length > 0 && start + length <= WINDOW && offset + length <= source.size;
      if (!isWithin) return source.read(offset, length);
      const window = use(number);
      const piece = (bytes: Uint8Array): Uint8Array => bytes.subarray(start, start + length);
      return window instanceof Uint8Array ? piece(window) : window.then(piece);
    },
    ...(source.readInto !== undefined && {
      readInto: (offset: number, target: Uint8Array) => source.readInto?.(offset, target),
    }),
  };
}
