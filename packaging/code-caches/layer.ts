import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';

const BLOCK = 512;
/** Of a person, as in a tree that was not made by root. */
const OWNER = 1000;
const TIME = Date.UTC(2000, 0) / 1000;
/** The content of an extended header, as docker makes them for times that are no whole seconds: a record, its length first (pax(1)). */
const PAX = Buffer.from(`22 mtime=${TIME}.25\n`);
const PROGRAM = Buffer.concat(
  Array.from({ length: 1000 }, (_, index) => createHash('sha256').update(`${index}`).digest()),
);
const TEXT = Buffer.from(Array.from({ length: 10_000 }, (_, index) => `line ${index}\n`).join(''));

/** A file of an extension: content, or where a link leads. */
export interface SampleFile {
  readonly path: string;
  readonly content: Buffer;
}

/** What is in an extension: files that can be compressed and such that cannot, of several blocks and of less than one. */
export const FILES: readonly SampleFile[] = [
  { path: 'usr/bin/hello', content: PROGRAM },
  { path: 'usr/share/hello/empty', content: Buffer.alloc(0) },
  { path: 'usr/share/hello/note', content: Buffer.from('hello\n') },
  { path: 'usr/share/hello/text', content: TEXT },
];
/** A symbolic link beside them, and where it leads. */
export const LINK = { path: 'usr/bin/hi', target: 'hello' } as const;

/** A layer with those files: as an archive, and as it is stored. */
export function sampleLayer(): { readonly archive: Buffer; readonly packed: Buffer } {
  const directories = new Set(FILES.flatMap(({ path }) => parents(path)));
  const archive = Buffer.concat([
    ...[...directories].sort().map((path) => header(`${path}/`, '5', 0o755)),
    ...FILES.flatMap(({ path, content }) => [
      header(path, 'x', 0o644, PAX.length),
      padded(PAX),
      header(path, '0', 0o755, content.length),
      padded(content),
    ]),
    header(LINK.path, '2', 0o777, 0, LINK.target),
    Buffer.alloc(2 * BLOCK),
  ]);
  return { archive, packed: gzipSync(archive) };
}

function parents(path: string): string[] {
  const names = path.split('/').slice(0, -1);
  return names.map((_, index) => names.slice(0, index + 1).join('/'));
}

/** A header of tar as POSIX has it (ustar). */
function header(path: string, type: string, mode: number, size = 0, target = ''): Buffer {
  const fields = [
    path.padEnd(100, '\0'),
    ...[octal(mode, 8), octal(OWNER, 8), octal(OWNER, 8), octal(size, 12), octal(TIME, 12)],
    ...[' '.repeat(8), type, target.padEnd(100, '\0'), 'ustar\x0000'],
  ];
  const block = Buffer.from(fields.join('').padEnd(BLOCK, '\0'), 'latin1');
  const sum = block.reduce((before, byte) => before + byte, 0);
  block.write(octal(sum, 8), 148);
  return block;
}

function octal(value: number, size: number): string {
  return `${value.toString(8).padStart(size - 1, '0')}\0`;
}

function padded(content: Buffer): Buffer {
  return Buffer.concat([content, Buffer.alloc(-content.length & (BLOCK - 1))]);
}
