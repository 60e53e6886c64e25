import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { iecSize } from '../../src/cli/iec-size.ts';
import { auroraboot } from '../support/auroraboot.ts';
import { erofsFixture, erofsFixtures } from '../support/erofs-fixtures.ts';
import { succeeded } from '../support/run-command.ts';
import { type ArchiveEntry, tarArchive } from '../support/tar-archive.ts';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'inspect-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

async function build(name: string, entries: readonly ArchiveEntry[]): Promise<string> {
  const layer = join(directory, `${name}.tar`);
  writeFileSync(layer, await tarArchive(entries));
  const outcome = await auroraboot(['sysext', '--quiet', '--output', directory, name, `tar:${layer}`]);
  return succeeded(outcome).stdout.trim();
}

describe('auroraboot inspect', () => {
  it('lists files as ls -l does, and no name can spoil the terminal', async () => {
    const image = await build('files', [
      { name: 'usr/bin/tool', mode: 0o4755, content: 'x' },
      { name: 'usr/bin/link', type: 'symlink', linkname: 'tool', mode: 0o777 },
      { name: 'usr/share/a\u001b[31m\nb', mode: 0o600, content: '12345' },
    ]);
    const { stdout } = succeeded(await auroraboot(['inspect', '--files', image]));
    const lines = stdout.trimEnd().split('\n');
    expect(lines[0]).toMatch(/^drwxr-xr-x .* \/$/);
    expect(lines).toContainEqual(expect.stringMatching(/^-rwsr-xr-x +1 +\d+ +\d+ +1 .* \/usr\/bin\/tool$/));
    expect(lines).toContainEqual(expect.stringMatching(/^lrwxrwxrwx +1 .* \/usr\/bin\/link -> tool$/));
    expect(lines).toContainEqual(
      expect.stringMatching(/^-rw------- +1 +\d+ +\d+ +5 .* \/usr\/share\/a\\x1b\[31m\\x0ab$/),
    );
    expect(stdout).not.toMatch(/[^\n\x20-\x7e]/);
  });

  it('tells of the extension in an image that was renamed', async () => {
    const image = await build('original', [{ name: 'usr/x', content: 'x' }]);
    const renamed = join(directory, 'renamed.raw');
    writeFileSync(renamed, readFileSync(image));
    const { stdout } = succeeded(await auroraboot(['inspect', renamed]));
    expect(stdout).toMatch(/^ {6}Name: renamed\.raw$/m);
    expect(stdout).toMatch(/^Image Name: original$/m);
    expect(stdout).toMatch(/^ {12}✓ sysext for system$/m);
    expect(stdout).toMatch(/^ Signed By: nobody$/m);
  });

  it.each(Object.entries(erofsFixtures))('reads the bare file system %s', async (name, { compression }) => {
    const image = join(directory, `${name}.raw`);
    writeFileSync(image, erofsFixture(name));
    const { stdout } = succeeded(await auroraboot(['inspect', '--json', image]));
    expect(JSON.parse(stdout)).toMatchObject({
      mounts: [{ designator: 'root', fstype: 'erofs', partno: null }],
      fileSystem: { type: 'erofs', compression },
      findings: [],
    });
  });

  it('shows what it can of a damaged image, and what is wrong', async () => {
    const image = await build('damaged', [{ name: 'usr/x', content: 'x' }]);
    const bytes = readFileSync(image);
    bytes.fill(0xff, bytes.length - 512, bytes.length - 400);
    writeFileSync(image, bytes);
    const { status, stdout, stderr } = await auroraboot(['inspect', image]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/✓ sysext for system/);
    expect(stderr).toMatch(/error: partition-table: the backup partition table is damaged/);
    expect(await auroraboot(['inspect', '--quiet', image])).toMatchObject({ status: 0, stderr: '' });
  });

  it('says what is no image, and what is not there', async () => {
    const garbage = join(directory, 'garbage');
    writeFileSync(garbage, Buffer.alloc(5000, 'x'));
    expect(await auroraboot(['inspect', garbage])).toMatchObject({
      status: 3,
      stderr: expect.stringMatching(/error: .*garbage: it is no image/),
    });
    expect(await auroraboot(['inspect', directory])).toMatchObject({ status: 3 });
    expect(await auroraboot(['inspect', join(directory, 'gone')])).toMatchObject({ status: 4 });
    expect(await auroraboot(['inspect', '--files', '--json', garbage])).toMatchObject({ status: 2 });
  });
});

it.each([
  [0, '0B'],
  [1023, '1023B'],
  [1024, '1K'],
  [1536, '1.5K'],
  [126_926_848, '121M'],
  [22_544_384, '21.5M'],
  [4_435_734_528, '4.1G'],
])('%i bytes are %s, as systemd writes it', (bytes, text) => {
  expect(iecSize(bytes)).toBe(text);
});
