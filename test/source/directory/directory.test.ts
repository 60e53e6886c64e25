import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDirectory } from '../../../src/source/directory/open.ts';
import type { Entry } from '../../../src/source/entry.ts';

const isRoot = process.getuid?.() === 0;
const NOBODY = 65534;

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

  it('gives every byte, whatever the size', async () => {
    const sizes = [0, 1, 262_143, 262_144, 262_145, 1_048_576, 1_048_577, 2_500_000];
    sizes.forEach((size, index) => {
      const bytes = Buffer.alloc(size, `${index} and some more text to repeat`);
      writeFileSync(join(tree, `${index}`), bytes);
    });
    let index = 0;
    for await (const entry of entries()) {
      const size = sizes[index]!;
      expect(entry.size).toBe(size);
      expect(await text(entry)).toBe(Buffer.alloc(size, `${index} and some more text to repeat`).toString());
      index += 1;
    }
    expect(index).toBe(sizes.length);
  });

  it.each([100_000, 1_000_000])(
    'refuses a file of %i bytes that grows, shrinks or is exchanged',
    async (size) => {
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
        () => {
          rmSync(file);
          execFileSync('python3', ['-c', `import socket; socket.socket(socket.AF_UNIX).bind('${file}')`]);
        },
        () => rmSync(file),
        () => {
          writeFileSync(`${file}.new`, Buffer.alloc(size));
          renameSync(`${file}.new`, file);
        },
      ];
      for (const change of changes) {
        rmSync(file, { force: true });
        writeFileSync(file, Buffer.alloc(size));
        const reading = async () => {
          for await (const entry of entries()) {
            change();
            await text(entry);
          }
        };
        await expect(reading()).rejects.toMatchObject({ code: 'malformed' });
      }
    },
  );

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

  it('refuses what lies deeper than a path can be long', async () => {
    const name = 'd'.repeat(200);
    const levels = Math.ceil(4200 / name.length);
    execFileSync('bash', ['-c', `for i in {1..${levels}}; do mkdir ${name} && cd ${name}; done`], {
      cwd: tree,
    });
    const { PATH } = process.env;
    process.env.PATH = '/nonexistent';
    try {
      const reading = async () => {
        for await (const _ of entries());
      };
      await expect(reading()).rejects.toMatchObject({ code: 'too-large', message: /^.{200}….*4095/ });
    } finally {
      process.env.PATH = PATH;
    }
  });

  it('lists sockets', async () => {
    const server = createServer().listen(join(tree, 'socket'));
    try {
      const seen: unknown[] = [];
      for await (const { path, type, size } of entries()) seen.push([path, type, size]);
      expect(seen).toEqual([['socket', 'socket', 0]]);
    } finally {
      server.close();
    }
  });

  it.skipIf(!isRoot)('keeps owners and device numbers (needs root)', async () => {
    execFileSync('mknod', [join(tree, 'b'), 'b', '259', '1048575']);
    execFileSync('mknod', [join(tree, 'c'), 'c', '4095', '255']);
    execFileSync('chown', ['70000:4294967294', join(tree, 'c')]);
    const seen: unknown[] = [];
    for await (const { type, major, minor, uid, gid } of entries()) seen.push([type, major, minor, uid, gid]);
    expect(seen).toEqual([
      ['block-device', 259, 1_048_575, 0, 0],
      ['character-device', 4095, 255, 70_000, 4_294_967_294],
    ]);
  });

  it.skipIf(!isRoot).each([10, 1_000_000])(
    'names a file of %i bytes that may not be read (needs root)',
    async (size) => {
      execFileSync('chmod', ['755', tree]);
      writeFileSync(join(tree, 'secret'), Buffer.alloc(size), { mode: 0o600 });
      process.seteuid!(NOBODY);
      try {
        const reading = async () => {
          for await (const entry of entries()) await text(entry);
        };
        await expect(reading()).rejects.toMatchObject({
          code: 'unreadable',
          message: 'secret: permission denied',
          hint: expect.any(String),
        });
      } finally {
        process.seteuid!(0);
      }
    },
  );

  it('ends with the signal within a large file', async () => {
    writeFileSync(join(tree, 'a'), Buffer.alloc(5_000_000));
    const controller = new AbortController();
    const source = await openDirectory(tree);
    const reason = new Error('stopped');
    let count = 0;
    const reading = async () => {
      for await (const { content } of source.layers[0]!.entries({ signal: controller.signal }))
        for await (const piece of content) {
          count += piece.length;
          controller.abort(reason);
        }
    };
    await expect(reading()).rejects.toBe(reason);
    expect(count).toBe(1024 * 1024);
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
