import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import {
  CLUSTER_SIZES,
  COMPRESSION_METHODS,
  type CompressionMethodName,
  type CompressionSettings,
} from '../../../src/image/erofs/compression-settings.ts';

/** Bytes without any order, the same at each run. */
export function noise(size: number, seed = 1): Uint8Array {
  let state = seed;
  return Uint8Array.from({ length: size }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state;
  });
}

const someNoise = noise(1 << 20);
const text = Buffer.from(Array.from({ length: 200_000 }, (_, index) => `${index * 7}\n`).join(''));
const program = readFileSync(process.execPath).subarray(0, 4 << 20);

/** Content of one kind, from some place of it on. */
export function contentOf(kind: 'noise' | 'text' | 'program' | 'zeros', from: number, size: number): Buffer {
  const source = { noise: someNoise, text, program, zeros: new Uint8Array(0) }[kind];
  const content = Buffer.alloc(size);
  for (let at = 0; source.length > 0 && at < size; ) {
    const piece = source.subarray((from + at) % source.length);
    content.set(piece.subarray(0, size - at), at);
    at += piece.length;
  }
  return content;
}

const sizes = fc.oneof(
  fc.integer({ min: 0, max: 300 }),
  fc.integer({ min: 0, max: 20_000 }),
  fc
    .tuple(fc.constantFrom(1, 2, 3, 15, 16, 17, 33, 100), fc.integer({ min: -70, max: 70 }))
    .map(([blocks, more]) => blocks * 4096 + more),
  { weight: 1, arbitrary: fc.integer({ min: 300_000, max: 900_000 }) },
);

/** Content as plans, which failures can print: parts that can be compressed in different ways, or not at all. */
export type ContentPlan = readonly {
  readonly kind: Parameters<typeof contentOf>[0];
  readonly from: number;
  readonly size: number;
}[];
export const contentPlans: fc.Arbitrary<ContentPlan> = fc.array(
  fc.record({
    kind: fc.constantFrom('noise' as const, 'text' as const, 'program' as const, 'zeros' as const),
    from: fc.integer({ min: 0, max: 1 << 19 }),
    size: sizes,
  }),
  { maxLength: 4 },
);

/** The content that a plan describes. */
export function plannedContent(plan: ContentPlan): Buffer {
  return Buffer.concat(plan.map(({ kind, from, size }) => contentOf(kind, from, size)));
}

/** Settings of every method, at levels that do not take long. */
export const compressionSettings: fc.Arbitrary<CompressionSettings> = fc
  .record({
    method: fc.constantFrom(...(Object.keys(COMPRESSION_METHODS) as CompressionMethodName[])),
    level: fc.integer({ min: 1, max: 9 }),
    clusterSize: fc.constantFrom(...CLUSTER_SIZES),
    tailPacking: fc.boolean(),
  })
  .map((settings) => ({
    ...settings,
    level: Math.min(settings.level, COMPRESSION_METHODS[settings.method].highest),
  }));
