import type { BlockHasher } from '../image/block-hasher.ts';
import { saltedBlocks } from './salted-blocks.ts';

/** SHA-256 of salted blocks with OpenSSL, on the calling thread. */
export const sha256Blocks: BlockHasher = saltedBlocks('sha256', 32);
