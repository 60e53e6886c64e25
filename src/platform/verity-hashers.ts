import type { VerityHasher, VerityHasherFor } from '../image/block-hasher.ts';
import { saltedBlocks } from './salted-blocks.ts';
import { sha256Blocks } from './sha256-blocks.ts';

/** By the names of the Linux crypto API. Without those, such as SHA-1, for which collisions can be made. */
const HASHERS: readonly VerityHasher[] = [
  sha256Blocks,
  saltedBlocks('sha384', 48),
  saltedBlocks('sha512', 64),
  saltedBlocks('sha3-256', 32),
  saltedBlocks('sha3-384', 48),
  saltedBlocks('sha3-512', 64),
  saltedBlocks('blake2b-512', 64, 'blake2b512'),
];

/** The hashers with OpenSSL for the hash trees of any tool. */
export const verityHasher: VerityHasherFor = (algorithm) =>
  HASHERS.find((hasher) => hasher.algorithm === algorithm);
