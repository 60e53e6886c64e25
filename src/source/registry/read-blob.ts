import type { ReadOptions } from '../source.ts';
import { type BlobRequest, blobRange } from './blob-range.ts';

/** Milliseconds from the first byte on after which it is clear what limits a stream. */
const TRIAL = 1000;
/** Of the time: who waits for the network so long is limited by it. */
const WAITING_SHARE = 0.75;
/** Bytes still to come for which more connections are worth their handshakes. */
const REST_MIN = 16 * 1024 * 1024;
/** Connections, and the bytes that each gets at a time; so much memory is taken, and once more for what is being read. */
const CONNECTIONS = 4;
const SEGMENT_SIZE = 4 * 1024 * 1024;

/**
 * The bytes of a blob as one stream, over one connection, or over several where the network is what the reader waits for: many
 * servers, and long ways, give each connection only so much. Broken connections are resumed.
 *
 * @throws SourceError as {@link blobRange}.
 */
export async function* readBlob(request: BlobRequest, options: ReadOptions): AsyncGenerator<Uint8Array> {
  const { size } = request;
  let givesRanges = false;
  let offset = 0;
  let waited = 0;
  let began: number | undefined;
  let asked = performance.now();
  const isHeldUp = (): boolean => {
    if (!givesRanges || size - offset < REST_MIN || began === undefined) return false;
    const time = asked - began;
    return time >= TRIAL && waited >= time * WAITING_SHARE;
  };
  const whole = blobRange(request, {
    ...options,
    start: 0,
    end: size,
    onAnswer: ({ headers }) => {
      givesRanges = headers['accept-ranges'] === 'bytes';
    },
  });
  for await (const piece of whole) {
    const came = performance.now();
    if (began === undefined) began = came;
    else waited += came - asked;
    offset += piece.length;
    yield piece;
    asked = performance.now();
    if (!isHeldUp()) continue;
    // Ends the connection that was too slow alone.
    await whole.return(undefined);
    yield* inSegments(request, offset, options);
    return;
  }
}

/** The rest of a blob, in order, from several connections at a time. */
async function* inSegments(
  request: BlobRequest,
  start: number,
  options: ReadOptions,
): AsyncGenerator<Uint8Array> {
  const { size } = request;
  const stop = new AbortController();
  const signals = [stop.signal, ...(options.signal ? [options.signal] : [])];
  const underWay: Promise<Uint8Array[]>[] = [];
  let next = start;
  const begin = (): void => {
    const end = Math.min(next + SEGMENT_SIZE, size);
    const range = blobRange(request, { ...options, signal: AbortSignal.any(signals), start: next, end });
    const segment = gathered(range);
    // It is looked at only when its turn comes; until then it must not count as unhandled.
    segment.catch(() => undefined);
    underWay.push(segment);
    next = end;
  };
  const fill = (): void => {
    while (underWay.length < CONNECTIONS && next < size) begin();
  };
  try {
    fill();
    for (let segment = underWay.shift(); segment !== undefined; segment = underWay.shift()) {
      const pieces = await segment;
      fill();
      yield* pieces;
    }
  } finally {
    stop.abort();
  }
}

async function gathered(bytes: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const pieces: Uint8Array[] = [];
  for await (const piece of bytes) pieces.push(piece);
  return pieces;
}
