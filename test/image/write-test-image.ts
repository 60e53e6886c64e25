import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { type DdiSummary, DdiWriter } from '../../src/image/ddi.ts';
import type { Signer } from '../../src/image/signature/signer.ts';
import { hmacSha256, sha256 } from '../../src/platform/hash.ts';
import { NodeImageFile } from '../../src/platform/node-image-file.ts';
import { sha256Blocks } from '../../src/platform/sha256-blocks.ts';

/** Blocks without pattern, always the same. */
export function noise(blocks: number): Buffer {
  return createHash('shake256', { outputLength: 4096 * blocks })
    .update('noise')
    .digest();
}

/** Writes an image whose data partition holds `data` to a file. */
export async function writeTestImage(
  path: string,
  data: Uint8Array,
  signer: Signer | undefined,
): Promise<DdiSummary> {
  const handle = await open(path, 'wx');
  try {
    const writer = new DdiWriter({
      file: new NodeImageFile(handle),
      architecture: 'x86-64',
      seed: new Uint8Array(16).fill(9),
      signer,
      hasher: sha256Blocks,
      hmac: hmacSha256,
      sha256,
    });
    await writer.sink.append(data);
    return await writer.finish();
  } finally {
    await handle.close();
  }
}
