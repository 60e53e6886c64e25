import { createHash, type Hash } from 'node:crypto';
import { SourceError } from './error.ts';

/** Computes the digest of bytes that pass, and compares it with the one that was announced, `sha256:…` or `sha512:…`. */
export class DigestCheck {
  readonly #digest: string;
  readonly #what: string;
  readonly #algorithm: string;
  readonly #hash: Hash;

  /** @param what The thing, for messages. */
  constructor(digest: string, what: string) {
    this.#digest = digest;
    this.#what = what;
    this.#algorithm = digest.slice(0, digest.indexOf(':'));
    this.#hash = createHash(this.#algorithm);
  }

  add(bytes: Uint8Array): void {
    this.#hash.update(bytes);
  }

  /** To be called once, at the end. @throws SourceError `digest-mismatch`. */
  end(): void {
    const found = `${this.#algorithm}:${this.#hash.digest('hex')}`;
    if (found === this.#digest) return;
    throw new SourceError(
      'digest-mismatch',
      `${this.#what}: the bytes received have the digest ${found}, not ${this.#digest}`,
      {
        hint: 'the content was damaged or exchanged on the way, or where it is kept: do not use it',
      },
    );
  }
}

/** Counts bytes that pass, and compares their number with the one that was announced. */
export class SizeCheck {
  readonly #size: number;
  readonly #what: string;
  #received = 0;

  /** @param what The thing, for messages. */
  constructor(size: number, what: string) {
    this.#size = size;
    this.#what = what;
  }

  /** @throws SourceError `digest-mismatch` where they are too many. */
  add(bytes: Uint8Array): void {
    this.#received += bytes.length;
    if (this.#received <= this.#size) return;
    throw new SourceError(
      'digest-mismatch',
      `${this.#what} has more than the ${this.#size} bytes that were announced`,
      {
        hint: 'the content was exchanged, or the manifest lies: do not use it',
      },
    );
  }

  /** @throws SourceError `digest-mismatch` where they are too few. */
  end(): void {
    if (this.#received === this.#size) return;
    throw new SourceError(
      'digest-mismatch',
      `${this.#what} ends after ${this.#received} bytes, ${this.#size} were announced`,
      {
        hint: 'the content is truncated: try again, or push it again',
      },
    );
  }
}

/** Passes bytes on and checks at their end that they have a digest; see {@link DigestCheck}. */
export function checkedDigest(
  bytes: AsyncIterable<Uint8Array>,
  digest: string,
  what: string,
): AsyncGenerator<Uint8Array> {
  return checked(bytes, new DigestCheck(digest, what));
}

/** Passes bytes on as long as there are no more than announced, and checks at their end that there were as many. */
export function checkedSize(
  bytes: AsyncIterable<Uint8Array>,
  size: number,
  what: string,
): AsyncGenerator<Uint8Array> {
  return checked(bytes, new SizeCheck(size, what));
}

/** Passes bytes on, and makes a check with them. */
export async function* checked(
  bytes: AsyncIterable<Uint8Array>,
  check: DigestCheck | SizeCheck,
): AsyncGenerator<Uint8Array> {
  for await (const piece of bytes) {
    check.add(piece);
    yield piece;
  }
  check.end();
}

/** Checks a document that was read whole, as {@link checkedDigest} and {@link checkedSize} do. */
export function checkedDocument(
  bytes: Uint8Array,
  announced: { readonly digest: string; readonly size: number },
  what: string,
): Uint8Array {
  for (const check of [new SizeCheck(announced.size, what), new DigestCheck(announced.digest, what)]) {
    check.add(bytes);
    check.end();
  }
  return bytes;
}
