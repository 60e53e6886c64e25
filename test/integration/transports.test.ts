import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { auroraboot } from '../support/auroraboot.ts';
import { mustRun, succeeded } from '../support/run-command.ts';

let directory: string;
let buildah: (...args: string[]) => Promise<string>;

/** An image of two layers, the last with a program that has a capability, a hard link and a deletion. */
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'transports-'));
  const store = [
    '--storage-driver',
    'vfs',
    '--root',
    join(directory, 'root'),
    '--runroot',
    join(directory, 'run'),
  ];
  buildah = async (...args) => (await mustRun('buildah', [...store, ...args])).stdout.trim();

  const [base, top] = [join(directory, 'base'), join(directory, 'top')];
  mkdirSync(join(base, 'usr/share/base'), { recursive: true });
  writeFileSync(join(base, 'usr/share/base/old'), 'old');
  writeFileSync(join(base, 'usr/share/base/kept'), 'kept');
  mkdirSync(join(top, 'usr/local/bin'), { recursive: true });
  mkdirSync(join(top, 'etc'));
  writeFileSync(join(top, 'etc/motd'), 'not in the extension');
  writeFileSync(join(top, 'usr/local/bin/program'), '#!/bin/sh\necho program\n');
  chmodSync(join(top, 'usr/local/bin/program'), 0o755);
  await mustRun('setcap', ['cap_net_raw=ep', join(top, 'usr/local/bin/program')]);
  await mustRun('ln', [join(top, 'usr/local/bin/program'), join(top, 'usr/local/bin/alias')]);

  const first = await buildah('from', 'scratch');
  await buildah('copy', first, base, '/');
  await buildah('commit', '--quiet', '--rm', first, 'base');
  const second = await buildah('from', '--pull-never', 'base');
  const mounted = await buildah('mount', second);
  await mustRun('cp', ['-a', `${top}/.`, mounted]);
  await mustRun('rm', [join(mounted, 'usr/share/base/old')]);
  await buildah('umount', second);
  await buildah('commit', '--quiet', '--rm', second, 'app');
  for (const target of [
    'oci:oci:latest',
    'oci-archive:oci.tar:latest',
    'docker-archive:docker.tar:example.com/app:1',
  ]) {
    const [transport, ...rest] = target.split(':');
    await buildah('push', 'app', `${transport}:${join(directory, rest.join(':'))}`);
  }
  const zstd = ['--dest-compress-format', 'zstd', '--dest-oci-accept-uncompressed-layers=false'];
  await mustRun('skopeo', [
    'copy',
    ...zstd.slice(0, 2),
    `oci:${join(directory, 'oci')}:latest`,
    `oci:${join(directory, 'zstd')}:latest`,
  ]);
  await mustRun('sh', ['-c', 'gzip -c docker.tar >docker.tar.gz'], { cwd: directory });
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Builds an extension from a source; its bytes. */
async function build(source: string, ...flags: string[]): Promise<Buffer> {
  const output = mkdtempSync(join(directory, 'out-'));
  const outcome = await auroraboot(['sysext', '--output', output, ...flags, 'app', source], {
    cwd: directory,
  });
  return readFileSync(succeeded(outcome).stdout.trim());
}

describe('an image that real tools made', () => {
  it.each([
    'oci:oci',
    'oci:zstd:latest',
    'oci-archive:oci.tar',
    'oci-archive:oci.tar:latest',
    'docker-archive:docker.tar',
    'docker-archive:docker.tar:example.com/app:1',
    'docker-archive:docker.tar.gz',
  ])('gives the same extension by %s', async (source) => {
    expect((await build(source)).equals(await build('oci:oci:latest'))).toBe(true);
  });

  it('keeps capabilities and hard links, and leaves out what lies elsewhere', async () => {
    const image = join(mkdtempSync(join(directory, 'out-')), 'app.sysext.raw');
    writeFileSync(image, await build('oci:oci:latest'));
    const mount = mkdtempSync(join(directory, 'mount-'));
    await mustRun('mount', ['-t', 'erofs', '-o', 'loop,ro,offset=20480', image, mount]);
    try {
      const { stdout } = await mustRun('getcap', ['-r', mount]);
      expect(stdout).toContain('usr/local/bin/program cap_net_raw=ep');
      const listing = await mustRun('find', ['.', '-type', 'f', '-links', '2', '-printf', '%p %m %u\n'], {
        cwd: mount,
      });
      expect(listing.stdout.split('\n').toSorted()).toEqual([
        '',
        './usr/local/bin/alias 755 root',
        './usr/local/bin/program 755 root',
      ]);
      expect((await mustRun('find', ['.', '-maxdepth', '1'], { cwd: mount })).stdout.split('\n')).toEqual([
        '.',
        './usr',
        '',
      ]);
    } finally {
      await mustRun('umount', [mount]);
    }
  });

  it('flattens all layers with their deletions', async () => {
    const image = join(mkdtempSync(join(directory, 'out-')), 'app.sysext.raw');
    writeFileSync(image, await build('oci:oci:latest', '--layers', 'all'));
    const mount = mkdtempSync(join(directory, 'mount-'));
    await mustRun('mount', ['-t', 'erofs', '-o', 'loop,ro,offset=20480', image, mount]);
    try {
      expect((await mustRun('ls', [join(mount, 'usr/share/base')])).stdout).toBe('kept\n');
    } finally {
      await mustRun('umount', [mount]);
    }
  });

  it.each([
    ['oci:oci:gone', /has no such image; it has: latest/],
    ['oci-archive:oci.tar:gone', /has no such image; it has: latest/],
    ['docker-archive:docker.tar:example.com/app:2', /has no such image; it has: example\.com\/app:1/],
  ])('says what there is instead of %s', async (source, message) => {
    const outcome = await auroraboot(['sysext', 'app', source], { cwd: directory });
    expect(outcome).toMatchObject({ status: 4, stderr: expect.stringMatching(message) });
  });

  it('is not taken for another architecture', async () => {
    const outcome = await auroraboot(['sysext', '--arch', 'riscv64', 'app', 'oci:oci'], { cwd: directory });
    expect(outcome).toMatchObject({
      status: 4,
      stderr: expect.stringMatching(/is for linux\/amd64, not for linux\/riscv64/),
    });
  });

  it('is refused when a blob of its layout was changed', async () => {
    await mustRun('cp', ['-r', 'oci', 'damaged'], { cwd: directory });
    const index = JSON.parse(readFileSync(join(directory, 'damaged/index.json'), 'utf8'));
    const blob = (digest: string) => join(directory, 'damaged/blobs', digest.replace(':', '/'));
    const manifest = JSON.parse(readFileSync(blob(index.manifests[0].digest), 'utf8'));
    const layer = blob(manifest.layers.at(-1).digest);
    const bytes = readFileSync(layer);
    bytes[bytes.length - 3]! ^= 1;
    writeFileSync(layer, bytes);
    const outcome = await auroraboot(['sysext', 'app', 'oci:damaged'], { cwd: directory });
    expect(outcome).toMatchObject({ status: 3, stderr: expect.stringMatching(/damaged|digest/) });
    writeFileSync(layer, Buffer.concat([readFileSync(layer), Buffer.from('x')]));
    const longer = await auroraboot(['sysext', 'app', 'oci:damaged'], { cwd: directory });
    expect(longer).toMatchObject({
      status: 3,
      stderr: expect.stringMatching(/more than the \d+ bytes that were announced|damaged/),
    });
  });
});
