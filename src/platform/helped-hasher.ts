import type { BlockHasher, SharedBlocks } from '../image/block-hasher.ts';
import { BLOCK_SIZE } from '../image/block-sink.ts';
import {
  createOffer,
  type HashOffer,
  hashNextPart,
  type OfferedRun,
  offerBlocks,
  openOffer,
  partsOf,
  RUN_MAX,
  SALT_MAX,
  WORD,
} from './hash-offer.ts';
import { sha256Blocks } from './sha256-blocks.ts';

/** Milliseconds that another thread may take for a part, some thousand times what it needs; it died, or the machine stands still. */
const PATIENCE = 2000;

/** SHA-256 of salted blocks, which threads that know the {@link offer} help with while they have nothing else to do. */
export class HelpedHasher implements BlockHasher {
  readonly algorithm = sha256Blocks.algorithm;
  readonly digestSize = sha256Blocks.digestSize;
  readonly hashBlocks = sha256Blocks.hashBlocks;
  readonly shared: SharedBlocks;
  /** For the threads that help. */
  readonly offer: HashOffer;
  readonly #memory: Uint8Array;
  readonly #runs: readonly OfferedRun[];
  /** What was begun so far. */
  #turn = 0;
  #isAbandoned = false;

  /**
   * @param memorySize Bytes of the memory in which others may hash.
   * @param runs How many runs of blocks may be on offer at once.
   */
  constructor(memorySize: number, runs: number) {
    this.offer = createOffer(memorySize, runs);
    this.#memory = new Uint8Array(this.offer.memory);
    this.#runs = openOffer(this.offer);
    this.shared = { memory: this.#memory, runs, begin: (salt, blocks) => this.#begin(salt, blocks) };
  }

  #begin(salt: Uint8Array, data: Uint8Array): () => Uint8Array {
    const blocks = data.length / BLOCK_SIZE;
    const isShared = data.buffer === this.#memory.buffer && data.byteOffset % BLOCK_SIZE === 0;
    if (this.#isAbandoned || !isShared || blocks > RUN_MAX || salt.length > SALT_MAX) {
      const digests = this.#hash(salt, data);
      return () => digests;
    }
    const run = this.#runs[this.#turn++ % this.#runs.length]!;
    offerBlocks(run, salt, data.byteOffset / BLOCK_SIZE, blocks);
    return () => this.#end(run, blocks) ?? this.#hash(salt, data);
  }

  /** Hashes what nobody else has; undefined where a thread took a part and does not bring it back. */
  #end(run: OfferedRun, blocks: number): Uint8Array | undefined {
    const { words, digests } = run;
    while (hashNextPart(run));
    for (;;) {
      const done = Atomics.load(words, WORD.partsDone);
      if (done === partsOf(blocks)) return digests.slice(0, blocks * this.digestSize);
      if (Atomics.wait(words, WORD.partsDone, done, PATIENCE) === 'timed-out') break;
    }
    // That thread may still write what nobody waits for any more, so nothing is offered again.
    this.#isAbandoned = true;
    return undefined;
  }

  #hash(salt: Uint8Array, data: Uint8Array): Uint8Array {
    return this.hashBlocks(salt, data, BLOCK_SIZE) as Uint8Array;
  }
}
