import { availableParallelism } from 'node:os';
import type { Worker } from 'node:worker_threads';
import type { HashOffer } from '../../platform/hash-offer.ts';
import { startThread } from '../../platform/start-thread.ts';
import { SourceError } from '../error.ts';
import { packingOf, splitHead } from './packing.ts';
import { createRing, handOver, RingFiller, ringSlot, type Turns, takeNow } from './ring.ts';
import type { UnpackAnswer, UnpackTask } from './unpack-thread-messages.ts';
import { archiveCheck, type PackedLayer, storedAsStated, unpackedLayer } from './unpacked-layer.ts';

/** Bytes as stored of a layer for which a thread is worth its start, which takes some 50 ms of processor time. */
const LARGE_LAYER = 32 * 1024 * 1024;
/** What is on its way to the thread: 4 MiB. */
const PACKED_SLOTS = 8;
const PACKED_SLOT_SIZE = 512 * 1024;
/** What is on its way from it: 12 MiB. The larger a slot, the fewer times the threads wait for each other. */
const ARCHIVE_SLOTS = 3;
const ARCHIVE_SLOT_SIZE = 4 * 1024 * 1024;
/**
 * Slots of the archive of which both sides compute the digest. From then on that one does which is not waited for by the other:
 * the thread where much is made of the content, who started it where there is little to do but to take it.
 */
const TRIAL_TURNS = 6;

/**
 * Unpacks a layer as {@link unpackedLayer} does, a large one that is packed with gzip in a thread of its own, which never waits for
 * what is made of the content. A piece is good until the next one is asked for.
 *
 * @param bytes As stored, in pieces that are good as long.
 * @param spareWork What the thread helps with where it would wait.
 */
export async function* unpackedBeside(
  bytes: AsyncIterable<Uint8Array>,
  layer: PackedLayer,
  spareWork?: HashOffer,
): AsyncGenerator<Uint8Array> {
  const { stored } = layer;
  if (stored === undefined || stored.size < LARGE_LAYER || availableParallelism() === 1) {
    yield* unpackedLayer(bytes, layer);
    return;
  }
  const { head, rest } = await splitHead(bytes);
  if (packingOf(head) === 'gzip') {
    await using thread = new UnpackThread(layer, spareWork);
    // One that cannot be started is missed by nobody.
    if (await thread.started) {
      yield* thread.unpack(storedAsStated(rest, layer));
      return;
    }
  }
  yield* unpackedLayer(rest, layer);
}

/** The thread, as who started it sees it. */
class UnpackThread implements AsyncDisposable {
  readonly #task: UnpackTask;
  readonly #worker: Worker;
  #hasEnded = false;
  #failure: { readonly error: unknown } | undefined;
  #news = Promise.withResolvers<void>();

  /** Whether it runs, known once it does or cannot. */
  readonly started: Promise<boolean>;
  readonly #reportStart: (isStarted: boolean) => void;

  constructor(layer: PackedLayer, spareWork: HashOffer | undefined) {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.started = promise;
    this.#reportStart = resolve;
    this.#task = {
      layer,
      spareWork,
      digestLeft: new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT),
      packed: createRing(PACKED_SLOTS, PACKED_SLOT_SIZE),
      archive: createRing(ARCHIVE_SLOTS, ARCHIVE_SLOT_SIZE),
    };
    this.#worker = startThread(import.meta.url, 'unpack-thread', {
      workerData: this.#task,
      resourceLimits: { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 2 },
    });
    this.#worker.on('message', (answer: UnpackAnswer) => this.#take(answer));
    this.#worker.on('error', (error) => this.#fail(error));
    this.#worker.on('exit', () => this.#fail(new Error('the thread that unpacks has ended')));
  }

  async *unpack(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    const { archive, layer } = this.#task;
    let check = archiveCheck(layer);
    let waits = 0;
    const feeding = this.#feed(bytes).catch((error: unknown) => this.#fail(error));
    try {
      for (let turn = 0; ; turn++) {
        if (turn === TRIAL_TURNS) {
          if (waits > TRIAL_TURNS / 2) this.#takeDigest();
          else check = undefined;
        }
        if (takeNow(archive.filled, turn) === undefined) waits += 1;
        const length = await this.#turn(archive.filled, turn);
        if (length === undefined) break;
        const piece = ringSlot(archive, turn).subarray(0, length);
        check?.add(piece);
        yield piece;
        handOver(archive.emptied, 0);
      }
      check?.end();
    } finally {
      this.#fail(new Error('nothing more is wanted'));
      await feeding;
    }
  }

  /** Ends the thread. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate();
  }

  /** Hands the layer over, and at its end a slot of no bytes. */
  async #feed(bytes: AsyncIterable<Uint8Array>): Promise<void> {
    const { packed } = this.#task;
    const filler = new RingFiller(packed);
    for await (const piece of bytes) {
      for (const _ of filler.add(piece)) await this.#turn(packed.emptied, filler.turn);
    }
    filler.end();
    await this.#turn(packed.emptied, filler.turn);
    handOver(packed.filled, 0);
  }

  /** The bytes in the slot of a turn, once it is handed over; undefined where the thread has ended before. */
  async #turn(turns: Turns, turn: number): Promise<number | undefined> {
    for (;;) {
      const length = takeNow(turns, turn);
      if (length !== undefined) return length;
      if (this.#hasEnded) return undefined;
      if (this.#failure !== undefined) throw this.#failure.error;
      await this.#news.promise;
    }
  }

  /** Relieves the thread of the digest of the archive. */
  #takeDigest(): void {
    Atomics.store(new Int32Array(this.#task.digestLeft), 0, 1);
  }

  #take(answer: UnpackAnswer): void {
    switch (answer.type) {
      case 'started':
        this.#reportStart(true);
        break;
      case 'progress':
        this.#tellNews();
        break;
      case 'end':
        this.#hasEnded = true;
        this.#tellNews();
        break;
      case 'failed': {
        const { code, message, hint } = answer;
        const options = hint === undefined ? {} : { hint };
        this.#fail(code === undefined ? new Error(message) : new SourceError(code, message, options));
        break;
      }
    }
  }

  /** The first failure counts. */
  #fail(error: unknown): void {
    this.#failure ??= { error };
    this.#reportStart(false);
    this.#tellNews();
  }

  #tellNews(): void {
    this.#news.resolve();
    this.#news = Promise.withResolvers();
  }
}
