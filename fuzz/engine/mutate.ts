import type { Random } from './random.ts';

/** What mutations draw on. */
export interface MutationContext {
  readonly random: Random;
  /** Words of the format. */
  readonly dictionary: readonly Uint8Array[];
  /** Another input that was worth keeping. */
  readonly other: Uint8Array;
  readonly sizeMax: number;
}

type Mutation = (bytes: Uint8Array, context: MutationContext) => Uint8Array;

/** Up to this many mutations are made of one input. */
const STACK_MAX = 16;
/** How often another place is tried where nothing seems to be. */
const POSITION_TRIES = 6;
/** Numbers at which formats have their limits; those of the input itself come on top. */
const LIMITS = [0, 1, 2, 7, 8, 12, 16, 32, 64, 100, 127, 128, 255, 256, 511, 512, 1000, 1024, 4095, 4096];
const POWERS = [15, 16, 20, 24, 28, 30, 31, 32, 33, 40, 48, 52, 53, 62, 63, 64];

/** An input made of another by one to {@link STACK_MAX} mutations, few more often than many. */
export function mutate(original: Uint8Array, context: MutationContext): Uint8Array {
  const { random, sizeMax } = context;
  let bytes: Uint8Array = original.slice();
  const count = 1 + random.below(2 ** random.below(Math.log2(STACK_MAX) + 1));
  for (let done = 0; done < count; done++) {
    const mutation = bytes.length === 0 ? insertRandom : random.pick(MUTATIONS);
    bytes = mutation(bytes, context).subarray(0, sizeMax);
  }
  return bytes;
}

const flipBit: Mutation = (bytes, { random }) => {
  bytes[position(bytes, random)]! ^= 1 << random.below(8);
  return bytes;
};

const setByte: Mutation = (bytes, { random }) => {
  bytes[position(bytes, random)] = random.below(256);
  return bytes;
};

/** Writes a number at which something may happen, in 1, 2, 4 or 8 bytes of either order. */
const setInteger: Mutation = (bytes, { random }) => {
  const width = random.pick([1, 2, 4, 8]);
  const at = position(bytes, random);
  if (at + width > bytes.length) return bytes;
  putInteger(bytes, at, width, interesting(random, bytes.length), random.oneIn(4));
  return bytes;
};

/** Adds a small number to one of 1, 2, 4 or 8 bytes of either order. */
const addToInteger: Mutation = (bytes, { random }) => {
  const width = random.pick([1, 2, 4, 8]);
  const at = position(bytes, random);
  if (at + width > bytes.length) return bytes;
  const isBigEndian = random.oneIn(4);
  const difference = BigInt(random.below(32) - 16);
  putInteger(bytes, at, width, getInteger(bytes, at, width, isBigEndian) + difference, isBigEndian);
  return bytes;
};

/** Puts another number in the place of one in decimal or octal digits, of the same length if that is to be kept. */
const setDigits: Mutation = (bytes, { random }) => {
  let start = position(bytes, random);
  for (let steps = 0; steps < 256 && start < bytes.length && !isDigit(bytes[start]); steps++) start += 1;
  if (!isDigit(bytes[start])) return bytes;
  let end = start + 1;
  while (isDigit(bytes[end])) end += 1;
  const number = interesting(random, bytes.length);
  const text = (number < 0n ? -number : number).toString(random.pick([8, 10]));
  if (random.oneIn(3)) return replace(bytes, start, end, textBytes(text));
  bytes.set(textBytes(text.slice(-(end - start)).padStart(end - start, '0')), start);
  return bytes;
};

const deleteChunk: Mutation = (bytes, { random }) => {
  const start = random.below(bytes.length);
  return replace(bytes, start, start + chunkLength(bytes.length - start, random), NOTHING);
};

/** Copies a part of the input over another part of it. */
const copyChunk: Mutation = (bytes, { random }) => {
  const from = position(bytes, random);
  const to = random.below(bytes.length);
  bytes.copyWithin(to, from, from + chunkLength(bytes.length - from, random));
  return bytes;
};

const insertCopy: Mutation = (bytes, { random }) => {
  const from = position(bytes, random);
  const at = random.below(bytes.length + 1);
  return replace(bytes, at, at, bytes.slice(from, from + chunkLength(bytes.length - from, random)));
};

const insertRandom: Mutation = (bytes, { random }) => {
  const at = random.below(bytes.length + 1);
  const fill = random.oneIn(2) ? random.pick([0, 0xff, 0x20, 0x41]) : undefined;
  const inserted = Uint8Array.from({ length: 1 + random.below(16) }, () => fill ?? random.below(256));
  return replace(bytes, at, at, inserted);
};

const fillChunk: Mutation = (bytes, { random }) => {
  const start = position(bytes, random);
  return bytes.fill(random.pick([0, 0xff]), start, start + chunkLength(bytes.length - start, random));
};

const truncate: Mutation = (bytes, { random }) => bytes.subarray(0, random.below(bytes.length));

const extend: Mutation = (bytes, { random }) => {
  const added = new Uint8Array(chunkLength(4096, random)).fill(random.pick([0, 0xff]));
  return replace(bytes, bytes.length, bytes.length, added);
};

/** The beginning of this input and the end of another. */
const splice: Mutation = (bytes, { random, other }) =>
  replace(bytes, random.below(bytes.length), bytes.length, other.subarray(random.below(other.length + 1)));

/** A part of another input over the same place of this one. */
const transplant: Mutation = (bytes, { random, other }) => {
  const shorter = Math.min(bytes.length, other.length);
  if (shorter === 0) return bytes;
  const at = position(other.subarray(0, shorter), random);
  bytes.set(other.subarray(at, at + chunkLength(shorter - at, random)), at);
  return bytes;
};

const overwriteWithWord: Mutation = (bytes, { random, dictionary }) => {
  if (dictionary.length === 0) return bytes;
  const word = random.pick(dictionary);
  if (word.length > bytes.length) return bytes;
  bytes.set(word, Math.min(position(bytes, random), bytes.length - word.length));
  return bytes;
};

const insertWord: Mutation = (bytes, { random, dictionary }) => {
  if (dictionary.length === 0) return bytes;
  const at = random.below(bytes.length + 1);
  return replace(bytes, at, at, random.pick(dictionary));
};

/** A mutation that is here twice is made twice as often. */
const MUTATIONS: readonly Mutation[] = [
  flipBit,
  setByte,
  setInteger,
  setInteger,
  addToInteger,
  setDigits,
  deleteChunk,
  copyChunk,
  insertCopy,
  insertRandom,
  fillChunk,
  truncate,
  extend,
  splice,
  transplant,
  overwriteWithWord,
  overwriteWithWord,
  insertWord,
];

const NOTHING = new Uint8Array(0);

/**
 * A place in the input, of which there is at least one byte: every other time one with both zeros and other bytes around it. Such are
 * the numbers of binary formats, while contents have few zeros and what is left free has nothing else.
 */
function position(bytes: Uint8Array, random: Random): number {
  let at = random.below(bytes.length);
  for (let tries = random.oneIn(2) ? POSITION_TRIES : 0; tries > 0; tries--) {
    const around = bytes.subarray(Math.max(0, at - 4), at + 4);
    if (around.includes(0) && around.some((byte) => byte !== 0)) break;
    at = random.below(bytes.length);
  }
  return at;
}

/** 1 to `limit`, small ones more often; 0 if there is nothing. */
function chunkLength(limit: number, random: Random): number {
  return Math.min(limit, 1 + random.below(2 ** random.below(14)));
}

function replace(bytes: Uint8Array, start: number, end: number, middle: Uint8Array): Uint8Array {
  const result = new Uint8Array(start + middle.length + Math.max(0, bytes.length - end));
  result.set(bytes.subarray(0, start));
  result.set(middle, start);
  result.set(bytes.subarray(end), start + middle.length);
  return result;
}

function interesting(random: Random, size: number): bigint {
  switch (random.below(4)) {
    case 0:
      return BigInt(random.pick(LIMITS));
    case 1:
      return (1n << BigInt(random.pick(POWERS))) + BigInt(random.below(3) - 1);
    case 2:
      return BigInt(size + random.below(3) - 1);
    default:
      return BigInt(random.below(size + 1));
  }
}

function getInteger(bytes: Uint8Array, at: number, width: number, isBigEndian: boolean): bigint {
  let value = 0n;
  for (let index = 0; index < width; index++) {
    value = (value << 8n) | BigInt(bytes[isBigEndian ? at + index : at + width - 1 - index]!);
  }
  return value;
}

function putInteger(bytes: Uint8Array, at: number, width: number, value: bigint, isBigEndian: boolean): void {
  let rest = value;
  for (let index = 0; index < width; index++) {
    bytes[isBigEndian ? at + width - 1 - index : at + index] = Number(rest & 0xffn);
    rest >>= 8n;
  }
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}

function textBytes(text: string): Uint8Array {
  return Uint8Array.from(text, (digit) => digit.charCodeAt(0));
}
