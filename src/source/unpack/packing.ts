/** How a layer may be packed. */
export type Packing = 'gzip' | 'zstd';

const MAGIC: readonly { readonly packing: Packing; readonly bytes: readonly number[] }[] = [
  { packing: 'gzip', bytes: [0x1f, 0x8b] },
  { packing: 'zstd', bytes: [0x28, 0xb5, 0x2f, 0xfd] },
  // A zstd stream may begin with a skippable frame, as zstd:chunked layers and pzstd's files do.
  { packing: 'zstd', bytes: [0x50, 0x2a, 0x4d, 0x18] },
];
/** Bytes by which it is known. */
const HEAD_SIZE = 4;

/** How a stream is packed that begins with these bytes; undefined where it is not. */
export function packingOf(head: Uint8Array): Packing | undefined {
  return MAGIC.find(({ bytes }) => bytes.every((byte, index) => head[index] === byte))?.packing;
}

/** The first bytes of a stream, for {@link packingOf}, and the whole stream again. */
export async function splitHead(
  bytes: AsyncIterable<Uint8Array>,
): Promise<{ head: Uint8Array; rest: AsyncIterable<Uint8Array> }> {
  const iterator = bytes[Symbol.asyncIterator]();
  const first: Uint8Array[] = [];
  for (let have = 0; have < HEAD_SIZE; ) {
    const { done, value } = await iterator.next();
    if (done === true) break;
    first.push(Buffer.from(value));
    have += value.length;
  }
  async function* rest(): AsyncGenerator<Uint8Array> {
    try {
      yield* first;
      for (;;) {
        const { done, value } = await iterator.next();
        if (done === true) return;
        yield value;
      }
    } finally {
      await iterator.return?.();
    }
  }
  return { head: Buffer.concat(first), rest: rest() };
}
