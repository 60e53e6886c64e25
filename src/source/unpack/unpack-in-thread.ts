import { availableParallelism } from 'node:os';
import type { Worker } from 'node:worker_threads';
import { WaitingLine } from '../../base/waiting-line.ts';
import { startThread } from '../../platform/start-thread.ts';
import { SourceError } from '../error.ts';
import { INPUT_SIZE, PIECES_KEPT } from './decompress.ts';
import { createRing, RingFiller, ringSlot } from './ring.ts';
import type { UnpackAnswer, UnpackRequest, UnpackTask } from './unpack-thread-messages.ts';
import { type PackedLayer, unpackedLayer } from './unpacked-layer.ts';

/** Bytes as stored of a layer for which a thread is worth its start, which takes some 50 ms of processor time. */
const LARGE_LAYER = 32 * 1024 * 1024;
/** What is on its way to the thread, besides what it uses: 2 MiB. */
const PACKED_AHEAD = 8;
/** What is on its way from it: 4 MiB. */
const ARCHIVE_SLOTS = 4;
const ARCHIVE_SLOT_SIZE = 1024 * 1024;

/**
 * Unpacks a layer as {@link unpackedLayer} does, a large one in a thread of its own, so that inflating and checking
 * digests never wait for what is made of the content. A piece is good until the next one is asked for.
 *
 * @param bytes As stored, in pieces that stay as they are as {@link unpackedLayer} needs it.
 */
export async function* unpackedBeside(
  bytes: AsyncIterable<Uint8Array>,
  layer: PackedLayer,
): AsyncGenerator<Uint8Array> {
  const isLarge = layer.stored !== undefined && layer.stored.size >= LARGE_LAYER;
  if (isLarge && availableParallelism() > 1) {
    await using thread = new UnpackThread(layer);
    // One that cannot be started is missed by nobody.
    if (await thread.started) {
      yield* thread.unpack(bytes);
      return;
    }
  }
  yield* unpackedLayer(bytes, layer);
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

  constructor(layer: PackedLayer) {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.started = promise;
    this.#reportStart = resolve;
    const packed = createRing(PIECES_KEPT + PACKED_AHEAD, INPUT_SIZE);
    this.#task = { layer, packed, archive: createRing(ARCHIVE_SLOTS, ARCHIVE_SLOT_SIZE) };
    for (let slot = 0; slot < packed.slots; slot++) this.#wanted.add();
    this.#worker = startThread(import.meta.url, 'unpack-thread', {
      workerData: this.#task,
      resourceLimits: { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 2 },
    });
    this.#worker.on('message', (answer: UnpackAnswer) => this.#take(answer));
    this.#worker.on('error', (error) => this.#fail(error));
    this.#worker.on('exit', () => this.#fail(new Error('the thread that unpacks has ended')));
  }

  async *unpack(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    const feeding = this.#feed(bytes).catch((error: unknown) => this.#came.fail(error));
    try {
      for (let turn = 0; ; turn++) {
        const length = await this.#came.next();
        if (length === undefined) return;
        yield ringSlot(this.#task.archive, turn).subarray(0, length);
        this.#tell({ type: 'taken' });
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

  async #feed(bytes: AsyncIterable<Uint8Array>): Promise<void> {
    const filler = new RingFiller(
      this.#task.packed,
      () => this.#wanted.next(),
      (length) => this.#tell({ type: 'packed', length }),
    );
    for await (const piece of bytes) await filler.add(piece);
    filler.end();
    this.#tell({ type: 'end' });
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

  #tell(request: UnpackRequest): void {
    this.#worker.postMessage(request);
  }
}
