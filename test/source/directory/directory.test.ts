import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDirectory } from '../../../src/source/directory/open.ts';
import type { Entry } from '../../../src/source/entry.ts';

let tree: string;
beforeEach(() => {
  tree = mkdtempSync(join(tmpdir(), 'tree-'));
});
afterEach(() => rmSync(tree, { recursive: true }));

async function* entries(onBytes?: (count: number) => void): AsyncGenerator<Entry> {
  const source = await openDirectory(tree);
  yield* source.layers[0]!.entries(onBytes === undefined ? {} : { onBytes });
}

async function text({ content }: Entry): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of content) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces).toString();
}

describe('a directory as a source', () => {
  it('lists everything in order of bytes, links as links', async () => {
    mkdirSync(join(tree, 'b'));
    writeFileSync(join(tree, 'b', 'z'), 'last');
    writeFileSync(join(tree, 'b-'), 'after b and what is in it');
    writeFileSync(join(tree, 'ä'), 'two bytes above all ASCII');
    writeFileSync(Buffer.concat([Buffer.from(`${tree}/`), Buffer.from([0xff, 0x41])]), 'no UTF-8');
    symlinkSync('/etc/passwd', join(tree, 'Z'));
    execFileSync('mkfifo', [join(tree, 'fifo')]);
    const seen: string[] = [];
    for await (const entry of entries())
      seen.push(`${entry.path} ${entry.type} ${entry.linkTarget}${await text(entry)}`);
    expect(seen).toEqual([
      'Z symlink /etc/passwd',
      'b directory ',
      'b/z file last',
      'b- file after b and what is in it',
      'fifo fifo ',
      'Ã¤ file two bytes above all ASCII',
      'ÿA file no UTF-8',
    ]);
  });

  it('gives the content of a file with several names once', async () => {
    writeFileSync(join(tree, 'b'), 'content');
    linkSync(join(tree, 'b'), join(tree, 'a'));
    mkdirSync(join(tree, 'c'));
    linkSync(join(tree, 'b'), join(tree, 'c', 'd'));
    const seen: string[] = [];
    for await (const entry of entries())
      seen.push(`${entry.path} ${entry.type} ${entry.size} ${entry.linkTarget}`);
    expect(seen).toEqual(['a file 7 ', 'b hardlink 0 a', 'c directory 0 ', 'c/d hardlink 0 a']);
  });

  it('keeps modes, and times to the nanosecond before and after 1970', async () => {
    writeFileSync(join(tree, 'a'), '');
    writeFileSync(join(tree, 'b'), '');
    execFileSync('touch', ['-d', '@1700000000.123456789', join(tree, 'a')]);
    execFileSync('touch', ['-d', '@-1.25', join(tree, 'b')]);
    execFileSync('chmod', ['4751', join(tree, 'a')]);
    symlinkSync('x', join(tree, 'c'));
    lutimesSync(join(tree, 'c'), 5, 5);
    const seen: unknown[] = [];
    for await (const { mode, mtime } of entries())
      seen.push([mode.toString(8), mtime.seconds, mtime.nanoseconds]);
    expect(seen).toEqual([
      ['4751', 1_700_000_000, 123_456_789],
      ['644', -2, 750_000_000],
      ['777', 5, 0],
    ]);
  });

  it('counts the bytes read', async () => {
    writeFileSync(join(tree, 'a'), Buffer.alloc(3_000_000));
    let count = 0;
    for await (const entry of entries((bytes) => {
      count += bytes;
    }))
      await text(entry);
    expect(count).toBe(3_000_000);
  });

  it('refuses a file that grows, shrinks or is exchanged while it is read', async () => {
    const file = join(tree, 'a');
    const changes: (() => void)[] = [
      () => appendFileSync(file, 'more'),
      () => writeFileSync(file, 'less'),
      () => {
        rmSync(file);
        symlinkSync('/etc/passwd', file);
      },
      () => {
        rmSync(file);
        execFileSync('mkfifo', [file]);
      },
    ];
    for (const change of changes) {
      rmSync(file, { force: true });
      writeFileSync(file, Buffer.alloc(100_000));
      const reading = async () => {
        for await (const entry of entries()) {
          change();
          await text(entry);
        }
      };
      await expect(reading()).rejects.toMatchObject({ code: 'malformed' });
    }
  });

  it.each([
    ['that is not there', 'gone', /there is no such file/],
    ['that is a file', 'file', /it is no directory/],
  ])('is refused for a path %s', async (_, name, message) => {
    writeFileSync(join(tree, 'file'), '');
    const opening = openDirectory(join(tree, name));
    await expect(opening).rejects.toThrow(message);
    await expect(opening).rejects.toMatchObject({ exitCode: 4 });
  });

  it('goes down 300 levels', async () => {
    const path = Array.from({ length: 300 }, () => 'd').join('/');
    mkdirSync(join(tree, path), { recursive: true });
    let last = '';
    for await (const entry of entries()) last = entry.path;
    expect(last).toBe(path);
  });

  it('says so when getfattr is not there to read the attributes', async () => {
    const { PATH } = process.env;
    process.env.PATH = '/nonexistent';
    try {
      const { warnings } = await openDirectory(tree);
      expect(warnings).toEqual([expect.stringMatching(/getfattr is not installed \(package attr\)/)]);
    } finally {
      process.env.PATH = PATH;
    }
  });
});
