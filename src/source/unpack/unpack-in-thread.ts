import { availableParallelism } from 'node:os';
import type { Worker } from 'node:worker_threads';
import { WaitingLine } from '../../base/waiting-line.ts';
import { startThread } from '../../platform/start-thread.ts';
import { SourceError } from '../error.ts';
import { packingOf, splitHead } from './packing.ts';
import { createRing, handOver, ringSlot } from './ring.ts';
import type { UnpackAnswer, UnpackTask } from './unpack-thread-messages.ts';
import { archiveAsStated, type PackedLayer, storedAsStated, unpackedLayer } from './unpacked-layer.ts';

/** Bytes as stored of a layer for which a thread is worth its start, which takes some 50 ms of processor time. */
const LARGE_LAYER = 32 * 1024 * 1024;
/** What is on its way to the thread: 4 MiB. */
const PACKED_SLOTS = 8;
const PACKED_SLOT_SIZE = 512 * 1024;
/** What is on its way from it: 12 MiB. The larger a slot, the fewer times the threads wait for each other. */
const ARCHIVE_SLOTS = 3;
const ARCHIVE_SLOT_SIZE = 4 * 1024 * 1024;

/**
 * Unpacks a layer as {@link unpackedLayer} does, a large one that is packed with gzip in a thread of its own, which never waits for
 * what is made of the content. A piece is good until the next one is asked for.
 *
 * @param bytes As stored, in pieces that are good as long.
 */
export async function* unpackedBeside(
  bytes: AsyncIterable<Uint8Array>,
  layer: PackedLayer,
): AsyncGenerator<Uint8Array> {
  const { description, stored } = layer;
  if (stored === undefined || stored.size < LARGE_LAYER || availableParallelism() === 1) {
    yield* unpackedLayer(bytes, layer);
    return;
  }
  const { head, rest } = await splitHead(bytes);
  if (packingOf(head) === 'gzip') {
    await using thread = new UnpackThread(description);
    // One that cannot be started is missed by nobody.
    if (await thread.started) {
      yield* archiveAsStated(thread.unpack(storedAsStated(rest, layer)), layer);
      return;
    }
  }
  yield* unpackedLayer(rest, layer);
}

/** The thread, as who started it sees it. */
class UnpackThread implements AsyncDisposable {
  readonly #task: UnpackTask;
  readonly #worker: Worker;
  /** Slots that can be filled. */
  readonly #wanted = new WaitingLine<void>();
  /** Lengths of pieces that came; undefined for the end. */
  readonly #came = new WaitingLine<number | undefined>();

  /** Whether it runs, known once it does or cannot. */
  readonly started: Promise<boolean>;
  readonly #reportStart: (isStarted: boolean) => void;

  constructor(description: string) {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.started = promise;
    this.#reportStart = resolve;
    this.#task = {
      description,
      packed: createRing(PACKED_SLOTS, PACKED_SLOT_SIZE),
      archive: createRing(ARCHIVE_SLOTS, ARCHIVE_SLOT_SIZE),
    };
    for (let slot = 0; slot < PACKED_SLOTS; slot++) this.#wanted.add();
    for (let slot = 0; slot < ARCHIVE_SLOTS; slot++) handOver(this.#task.archive, 0);
    this.#worker = startThread(import.meta.url, 'unpack-thread', {
      workerData: this.#task,
      resourceLimits: { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 2 },
    });
    this.#worker.on('message', (answer: UnpackAnswer) => this.#take(answer));
    this.#worker.on('error', (error) => this.#fail(error));
    this.#worker.on('exit', () => this.#fail(new Error('the thread that unpacks has ended')));
  }

  async *unpack(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    const { archive } = this.#task;
    const feeding = this.#feed(bytes).catch((error: unknown) => this.#came.fail(error));
    try {
      for (let turn = 0; ; turn++) {
        const length = await this.#came.next();
        if (length === undefined) return;
        yield ringSlot(archive, turn).subarray(0, length);
        handOver(archive, 0);
      }
    } finally {
      this.#wanted.fail(new Error('nothing more is wanted'));
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
    let turn = 0;
    let filled = 0;
    await this.#wanted.next();
    for await (const piece of bytes) {
      for (let taken = 0; taken < piece.length; ) {
        const part = piece.subarray(taken, taken + PACKED_SLOT_SIZE - filled);
        ringSlot(packed, turn).set(part, filled);
        filled += part.length;
        taken += part.length;
        if (filled < PACKED_SLOT_SIZE) continue;
        handOver(packed, filled);
        filled = 0;
        turn += 1;
        await this.#wanted.next();
      }
    }
    if (filled > 0) {
      handOver(packed, filled);
      await this.#wanted.next();
    }
    handOver(packed, 0);
  }

  #take(answer: UnpackAnswer): void {
    switch (answer.type) {
      case 'started':
        this.#reportStart(true);
        break;
      case 'wanted':
        this.#wanted.add();
        break;
      case 'unpacked':
        this.#came.add(answer.length);
        break;
      case 'end':
        this.#came.add(undefined);
        break;
      case 'failed': {
        const { code, message, hint } = answer;
        const options = hint === undefined ? {} : { hint };
        this.#fail(code === undefined ? new Error(message) : new SourceError(code, message, options));
        break;
      }
    }
  }

  #fail(error: unknown): void {
    this.#reportStart(false);
    this.#came.fail(error);
  }
}
