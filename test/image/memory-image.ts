import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { ByteSource } from '../../src/image/byte-source.ts';
import { DdiWriter } from '../../src/image/ddi.ts';
import type { Signer } from '../../src/image/signature/signer.ts';
import { hmacSha256, sha256 } from '../../src/platform/hash.ts';
import { sha256Blocks } from '../../src/platform/sha256-blocks.ts';
import { MemoryFile } from './memory-file.ts';

/** A {@link ByteSource} that holds callers to its contract. */
export function memorySource(bytes: Uint8Array): ByteSource {
  return {
    size: bytes.length,
    read: (offset, length) => {
      if (!(offset >= 0 && length >= 0 && offset + length <= bytes.length)) {
        throw new Error(`read of ${length} bytes at ${offset} of ${bytes.length}`);
      }
      return bytes.subarray(offset, offset + length);
    },
  };
}

/** An image whose data partition holds `data`. */
export async function buildMemoryImage(data: Uint8Array, signer: Signer | undefined): Promise<Uint8Array> {
  const file = new MemoryFile();
  const writer = new DdiWriter({
    file,
    architecture: 'x86-64',
    seed: new Uint8Array(16).fill(9),
    signer,
    hasher: sha256Blocks,
    hmac: hmacSha256,
    sha256,
  });
  await writer.sink.append(data);
  await writer.finish();
  return file.content.slice();
}

/** An image of test/fixtures/repart. */
export function repartFixture(name: string): Uint8Array {
  return gunzipSync(readFileSync(new URL(`../fixtures/repart/${name}.raw.gz`, import.meta.url)));
}
