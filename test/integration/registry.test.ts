import { hash, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openRegistryImage } from '../../src/source/registry/open.ts';
import { parseReference } from '../../src/source/registry/reference.ts';
import type { Source } from '../../src/source/source.ts';
import { startRelay } from '../support/cutting-relay.ts';
import { pushImage, type WrittenImage, writeImage } from '../support/oci-image.ts';
import { readSource } from '../support/read-source.ts';
import { type Registry, startRegistry } from '../support/registry.ts';
import { mustRun } from '../support/run-command.ts';
import { tarArchive } from '../support/tar-archive.ts';

let directory: string;
let registry: Registry;
let image: WrittenImage;
/** More than sockets and streams hold at once, and no use to compress. */
const content = randomBytes(10_000_000);

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'registry-test-'));
  registry = await startRegistry();
  const layers = [
    await tarArchive([{ name: 'usr/base', content: 'base' }]),
    await tarArchive([{ name: 'usr/app', content }]),
  ];
  image = writeImage(join(directory, 'image'), { layers });
  await pushImage(image, `${registry.host}/team/app:1`);
});
afterAll(async () => {
  await registry?.stop();
  rmSync(directory, { recursive: true, force: true });
});

async function open(name: string, architecture = 'amd64', host = registry.host): Promise<Source> {
  return openRegistryImage(parseReference(`${host}/${name}`), {
    architecture,
    environment: { HOME: directory },
    sleep: async () => undefined,
  });
}

async function read(
  name: string,
  architecture = 'amd64',
  host = registry.host,
): ReturnType<typeof readSource> {
  const source = await open(name, architecture, host);
  try {
    return await readSource(source);
  } finally {
    await source.close();
  }
}

/** Layers with the digests of the files, which compare faster than their content. */
function summary(layers: readonly Record<string, Buffer>[]): unknown {
  return layers.map((files) =>
    Object.entries(files).map(([path, bytes]) => [path, bytes.length, hash('sha256', bytes)]),
  );
}

describe('an image in a registry', () => {
  it.each([
    ['by tag', () => 'team/app:1'],
    ['by digest', () => `team/app@${image.manifest.digest}`],
    ['by its digest, whatever the tag', () => `team/app:gone@${image.manifest.digest}`],
  ])('is read %s', async (_, name) => {
    expect(summary(await read(name()))).toEqual(
      summary([{ 'usr/base': Buffer.from('base') }, { 'usr/app': content }]),
    );
  });

  it('states its layers with their sizes, and counts what it reads', async () => {
    const source = await open('team/app:1');
    expect(source).toMatchObject({
      description: `docker://${registry.host}/team/app:1`,
      architecture: 'amd64',
      layers: image.layers.map(({ size }) => ({ size })),
    });
    let bytes = 0;
    const onBytes = (count: number): void => {
      bytes += count;
    };
    await readSource(source, { onBytes });
    await source.close();
    expect(bytes).toBe(image.layers[0]!.size + image.layers[1]!.size);
  });

  it('may have layers packed with zstd, and be of Docker schema 2', async () => {
    const from = `docker://${registry.host}/team/app:1`;
    const flags = ['copy', '--quiet', '--src-tls-verify=false', '--dest-tls-verify=false'];
    const zstd = ['--dest-compress-format', 'zstd', '--dest-compress'];
    await mustRun('skopeo', [...flags, ...zstd, from, `docker://${registry.host}/team/zstd:1`]);
    await mustRun('skopeo', [...flags, '--format', 'v2s2', from, `docker://${registry.host}/team/v2s2:1`]);
    const expected = summary(await read('team/app:1'));
    expect(summary(await read('team/zstd:1'))).toEqual(expected);
    expect(summary(await read('team/v2s2:1'))).toEqual(expected);
  });

  it('is chosen from an index of several platforms that buildah pushed', async () => {
    const store = ['--storage-driver', 'vfs', '--root', join(directory, 'root')];
    const buildah = async (...args: string[]): Promise<string> =>
      (await mustRun('buildah', [...store, '--runroot', join(directory, 'run'), ...args])).stdout.trim();
    await buildah('manifest', 'create', 'all');
    for (const architecture of ['arm64', 'riscv64', 'amd64']) {
      const tree = join(directory, architecture);
      mkdirSync(tree);
      writeFileSync(join(tree, 'program'), architecture);
      const container = await buildah('from', '--arch', architecture, 'scratch');
      await buildah('copy', container, tree, '/usr');
      await buildah('config', '--arch', architecture, container);
      await buildah('commit', '--quiet', '--rm', container, architecture);
      await buildah('manifest', 'add', 'all', `containers-storage:localhost/${architecture}`);
    }
    const target = `docker://${registry.host}/team/multi:1`;
    await buildah('manifest', 'push', '--all', '--tls-verify=false', 'all', target);
    for (const architecture of ['amd64', 'arm64', 'riscv64']) {
      const [files] = await read('team/multi:1', architecture);
      expect(files).toEqual({ 'usr/program': Buffer.from(architecture) });
    }
    await expect(open('team/multi:1', 'ppc64le')).rejects.toMatchObject({
      code: 'not-found',
      message: expect.stringMatching(/no image for linux\/ppc64le; it has: linux\/arm64.*linux\/amd64/),
    });
  });

  it.each([
    [
      'team/app:2',
      /docker:\/\/127\.0\.0\.1:\d+\/team\/app:2: 127\.0\.0\.1:\d+ does not have it \(MANIFEST_UNKNOWN/,
    ],
    ['other:1', /does not have it/],
    [`team/app@sha256:${'0'.repeat(64)}`, /does not have it/],
  ])('that is not there, %s, is said not to be found', async (name, message) => {
    await expect(open(name)).rejects.toMatchObject({
      code: 'not-found',
      exitCode: 4,
      message: expect.stringMatching(message),
    });
  });

  it('is refused for another architecture than its own', async () => {
    await expect(open('team/app:1', 'arm64')).rejects.toMatchObject({
      code: 'not-found',
      message: expect.stringMatching(/is for linux\/amd64, not for linux\/arm64/),
    });
  });

  it('stops when it is told to', async () => {
    const source = await open('team/app:1');
    const controller = new AbortController();
    const reason = new Error('enough');
    const reading = readSource(source, {
      signal: controller.signal,
      onBytes: () => controller.abort(reason),
    });
    await expect(reading).rejects.toBe(reason);
    await source.close();
    const before = AbortSignal.abort(reason);
    await expect(
      openRegistryImage(parseReference(`${registry.host}/team/app:1`), {
        architecture: 'amd64',
        environment: { HOME: directory },
        signal: before,
      }),
    ).rejects.toBe(reason);
  });
});

describe('a damaged registry', () => {
  /** Pushes an image of its own, and changes the file of a blob. */
  async function damaged(
    name: string,
    choose: (image: WrittenImage) => string,
    change: (file: string) => void,
  ): Promise<string> {
    const layers = [await tarArchive([{ name: `usr/${name}`, content: randomBytes(200_000) }])];
    const own = writeImage(join(directory, name), { layers });
    await pushImage(own, `${registry.host}/${name}:1`);
    change(registry.blobFile(choose(own)));
    return own.manifest.digest;
  }
  const layerOf = ({ layers }: WrittenImage): string => layers[0]!.digest;
  const manifestOf = ({ manifest }: WrittenImage): string => manifest.digest;

  it('cannot pass a changed layer', async () => {
    await damaged('changed', layerOf, (file) => {
      const bytes = readFileSync(file);
      // In the header of gzip: the time, which changes nothing that is unpacked.
      bytes[5]! ^= 1;
      writeFileSync(file, bytes);
    });
    await expect(read('changed:1')).rejects.toMatchObject({ code: 'digest-mismatch', exitCode: 3 });
  });

  it('cannot pass a truncated layer', async () => {
    await damaged('truncated', layerOf, (file) => truncateSync(file, 100_000));
    await expect(read('truncated:1')).rejects.toMatchObject({ exitCode: 3 });
  });

  it('cannot pass a changed manifest, not even by a tag', async () => {
    const digest = await damaged('manifest', manifestOf, (file) => {
      writeFileSync(file, readFileSync(file, 'utf8').replace('"schemaVersion":2', '"schemaVersion": 2'));
    });
    for (const name of [`manifest@${digest}`, 'manifest:1']) {
      await expect(open(name)).rejects.toBeInstanceOf(Error);
    }
  });
});

describe('a connection that breaks in the middle of a layer', () => {
  it.each([
    ['once', [1_000_000]],
    ['four times without progress', [400_000, 1000, 1000, 1000]],
    ['many times with progress', Array.from({ length: 6 }, () => 1_300_000)],
  ])('%s is made again, and the bytes go on where they ended', async (_, limits) => {
    const relay = await startRelay(registry.port);
    try {
      const host = `127.0.0.1:${relay.port}`;
      const source = await open('team/app:1', 'amd64', host);
      relay.cutAfter(...limits);
      let bytes = 0;
      const [, top] = await readSource(source, {
        onBytes: (count) => {
          bytes += count;
        },
      });
      await source.close();
      expect(top!['usr/app']!.equals(content)).toBe(true);
      expect(relay.cuts()).toBe(limits.length);
      // Nothing was fetched twice.
      expect(bytes).toBe(image.layers[0]!.size + image.layers[1]!.size);
    } finally {
      await relay.stop();
    }
  });

  it('again and again ends with an error', async () => {
    const relay = await startRelay(registry.port);
    try {
      const source = await open('team/app:1', 'amd64', `127.0.0.1:${relay.port}`);
      relay.cutAfter(400_000, ...Array.from({ length: 40 }, () => 20_000));
      await expect(readSource(source)).rejects.toMatchObject({
        code: 'unreachable',
        message: expect.stringMatching(/^127\.0\.0\.1:\d+: the connection broke off$/),
      });
      await source.close();
    } finally {
      await relay.stop();
    }
  });
});
