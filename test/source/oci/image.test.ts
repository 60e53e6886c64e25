import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { openImage } from '../../../src/source/oci/image.ts';
import type { Source } from '../../../src/source/source.ts';
import { tarArchive } from '../../support/tar-archive.ts';

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const INDEX = 'application/vnd.oci.image.index.v1+json';
const LAYER = 'application/vnd.oci.image.layer.v1.tar+gzip';

/** A content store in memory, with what is put into it. */
class MemoryStore {
  readonly blobs = new Map<string, Uint8Array>();
  closed = 0;

  put(bytes: Uint8Array, mediaType = '') {
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    this.blobs.set(digest, bytes);
    return { mediaType, digest, size: bytes.length };
  }

  putJson(value: unknown, mediaType = '') {
    return this.put(Buffer.from(JSON.stringify(value)), mediaType);
  }

  open(root: { digest: string; mediaType: string }, architecture = 'amd64'): Promise<Source> {
    const store = {
      readDocument: async ({ digest }: { digest: string }) => this.blobs.get(digest) ?? new Uint8Array(),
      openBlob: async function* (this: MemoryStore, { digest }: { digest: string }) {
        yield this.blobs.get(digest) ?? new Uint8Array();
      }.bind(this),
    };
    const close = async () => {
      this.closed += 1;
    };
    const bytes = this.blobs.get(root.digest)!;
    return openImage(
      store,
      { bytes, mediaType: root.mediaType },
      { description: 'test:image', architecture, close },
    );
  }
}

interface Changes {
  readonly layerType?: string;
  readonly diffIds?: readonly string[];
  readonly layers?: readonly object[];
  readonly architecture?: string;
}

/** Puts an image of one layer into a store; its manifest's descriptor. */
async function putImage(store: MemoryStore, changes: Changes = {}) {
  const archive = await tarArchive([{ name: 'usr/bin/x', content: 'content' }]);
  const layer = store.put(gzipSync(archive), changes.layerType ?? LAYER);
  const diffId = `sha256:${createHash('sha256').update(archive).digest('hex')}`;
  const config = store.putJson({
    os: 'linux',
    architecture: changes.architecture ?? 'amd64',
    rootfs: { diff_ids: changes.diffIds ?? [diffId] },
  });
  const layers = changes.layers ?? [layer];
  return { layer, manifest: store.putJson({ schemaVersion: 2, config, layers }, MANIFEST) };
}

async function paths(source: Source): Promise<string[]> {
  const found: string[] = [];
  for (const layer of source.layers) for await (const { path } of layer.entries({})) found.push(path);
  return found;
}

describe('openImage', () => {
  it('reads a manifest, and an index by architecture', async () => {
    const store = new MemoryStore();
    const amd64 = await putImage(store);
    const arm64 = await putImage(store, { architecture: 'arm64' });
    const index = store.putJson(
      {
        manifests: [
          { ...amd64.manifest, platform: { os: 'unknown', architecture: 'unknown' } },
          { ...arm64.manifest, platform: { os: 'linux', architecture: 'arm64', variant: 'v8' } },
          { ...amd64.manifest, platform: { os: 'linux', architecture: 'amd64' } },
        ],
      },
      INDEX,
    );
    expect(await paths(await store.open(amd64.manifest))).toEqual(['usr/bin/x']);
    expect((await store.open(index)).architecture).toBe('amd64');
    expect((await store.open(index, 'arm64')).architecture).toBe('arm64');
    await expect(store.open(index, 'riscv64')).rejects.toMatchObject({
      exitCode: 4,
      message: 'test:image has no image for linux/riscv64; it has: linux/arm64/v8, linux/amd64',
    });
    await expect(store.open(arm64.manifest)).rejects.toMatchObject({
      exitCode: 4,
      message: 'test:image is for linux/arm64, not for linux/amd64',
    });
  });

  it.each<[string, Changes, RegExp, string]>([
    ['no layers', { layers: [], diffIds: [] }, /has no layers/, 'unsupported'],
    ['another number of diff ids', { diffIds: [] }, /lists 1 layers, its configuration 0/, 'malformed'],
    [
      'a digest that is none',
      { layers: [{ digest: 'md5:0', size: 1, mediaType: LAYER }] },
      /digest/,
      'malformed',
    ],
    ['a negative size', { layers: [{ digest: `sha256:${'0'.repeat(64)}`, size: -1 }] }, /size/, 'malformed'],
  ])('refuses an image with %s', async (_, changes, message, code) => {
    const store = new MemoryStore();
    const { manifest } = await putImage(store, changes);
    const opening = store.open(manifest);
    await expect(opening).rejects.toThrow(message);
    await expect(opening).rejects.toMatchObject({ code });
    expect(store.closed).toBe(1);
  });

  it('refuses documents that are none, and media types it does not know', async () => {
    const store = new MemoryStore();
    await expect(store.open(store.put(Buffer.from('<html>'), MANIFEST))).rejects.toThrow(/is not JSON/);
    await expect(store.open(store.putJson({ schemaVersion: 1 }, MANIFEST))).rejects.toThrow(/schema 1/);
    await expect(store.open(store.putJson({}, 'application/vnd.cncf.helm'))).rejects.toThrow(
      /which is no container image/,
    );
    const endless = store.putJson({ manifests: [] }, INDEX);
    await expect(store.open(endless)).rejects.toThrow(/it has: none/);
  });

  it('refuses a configuration with another digest', async () => {
    const store = new MemoryStore();
    const { manifest } = await putImage(store);
    const { config } = JSON.parse(Buffer.from(store.blobs.get(manifest.digest)!).toString());
    const bytes = Buffer.from(store.blobs.get(config.digest)!);
    bytes[10]! ^= 1;
    store.blobs.set(config.digest, bytes);
    await expect(store.open(manifest)).rejects.toMatchObject({ code: 'digest-mismatch', exitCode: 3 });
  });

  it('refuses a layer whose bytes, length or content are others than stated', async () => {
    const spoil: ((bytes: Buffer) => Buffer)[] = [
      () => gzipSync('other'),
      (bytes) => bytes.subarray(0, -1),
      (bytes) => Buffer.concat([bytes, Buffer.from('x')]),
    ];
    for (const change of spoil) {
      const store = new MemoryStore();
      const { manifest, layer } = await putImage(store);
      store.blobs.set(layer.digest, change(Buffer.from(store.blobs.get(layer.digest)!)));
      await expect(paths(await store.open(manifest))).rejects.toMatchObject({ exitCode: 3 });
    }
    const store = new MemoryStore();
    const { manifest } = await putImage(store, { diffIds: [`sha256:${'0'.repeat(64)}`] });
    await expect(paths(await store.open(manifest))).rejects.toThrow(
      /unpacked: the bytes received have the digest/,
    );
  });

  it('says that a layer cannot be read only when it is taken', async () => {
    const store = new MemoryStore();
    const layerType = 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip';
    const { manifest } = await putImage(store, { layerType });
    const source = await store.open(manifest);
    await expect(paths(source)).rejects.toThrow(/foreign.diff.tar.gzip', which cannot be read/);
  });
});
