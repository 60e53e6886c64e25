import { createHash } from 'node:crypto';
import { SourceError } from './error.ts';

/**
 * Passes bytes on and checks at their end that they have a digest, `sha256:…` or `sha512:…`. Throws a SourceError
 * `digest-mismatch` that names `what`.
 */
export async function* checkedDigest(
  bytes: AsyncIterable<Uint8Array>,
  digest: string,
  what: string,
): AsyncGenerator<Uint8Array> {
  const algorithm = digest.slice(0, digest.indexOf(':'));
  const hash = createHash(algorithm);
  for await (const piece of bytes) {
    hash.update(piece);
    yield piece;
  }
  const found = `${algorithm}:${hash.digest('hex')}`;
  if (found === digest) return;
  throw new SourceError(
    'digest-mismatch',
    `${what}: the bytes received have the digest ${found}, not ${digest}`,
    {
      hint: 'the content was damaged or exchanged on the way, or where it is kept: do not use it',
    },
  );
}

/** Passes bytes on as long as there are no more than announced, and checks at their end that there were as many. */
export async function* checkedSize(
  bytes: AsyncIterable<Uint8Array>,
  size: number,
  what: string,
): AsyncGenerator<Uint8Array> {
  let received = 0;
  for await (const piece of bytes) {
    received += piece.length;
    if (received > size) {
      throw new SourceError(
        'digest-mismatch',
        `${what} has more than the ${size} bytes that were announced`,
        {
          hint: 'the content was exchanged, or the manifest lies: do not use it',
        },
      );
    }
    yield piece;
  }
  if (received === size) return;
  throw new SourceError('digest-mismatch', `${what} ends after ${received} bytes, ${size} were announced`, {
    hint: 'the content is truncated: try again, or push it again',
  });
}

/** Checks a document that was read whole, as {@link checkedDigest} and {@link checkedSize} do. */
export async function checkedDocument(
  bytes: Uint8Array,
  announced: { readonly digest: string; readonly size: number },
  what: string,
): Promise<Uint8Array> {
  async function* once(): AsyncGenerator<Uint8Array> {
    yield bytes;
  }
  for await (const _ of checkedDigest(checkedSize(once(), announced.size, what), announced.digest, what));
  return bytes;
}
