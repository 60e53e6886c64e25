import { strict as assert } from 'node:assert';
import { SourceError } from '../../src/source/error.ts';
import { parseConfig, parseIndex, parseManifest, statedMediaType } from '../../src/source/oci/documents.ts';
import { layerPacking } from '../../src/source/oci/media-types.ts';
import { checkPlatform, choosePlatform } from '../../src/source/oci/platform.ts';
import type { Target } from '../engine/target.ts';
import { documents } from '../seeds/text.ts';

const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`;
const descriptor = (mediaType: string): object => ({ mediaType, digest: DIGEST, size: 1234 });

/** Documents of a registry: an input is read as each of them, and refused if it is none. */
export const target: Target = {
  sizeMax: 8 * 1024,
  seeds: () =>
    documents(
      {
        schemaVersion: 2,
        mediaType: 'application/vnd.oci.image.index.v1+json',
        manifests: [
          {
            ...descriptor('application/vnd.oci.image.manifest.v1+json'),
            platform: { os: 'linux', architecture: 'arm64', variant: 'v8' },
            annotations: { 'org.opencontainers.image.ref.name': 'latest' },
          },
          {
            ...descriptor('application/vnd.oci.image.manifest.v1+json'),
            platform: { os: 'linux', architecture: 'amd64' },
          },
        ],
      },
      {
        schemaVersion: 2,
        config: descriptor('application/vnd.oci.image.config.v1+json'),
        layers: [descriptor('application/vnd.oci.image.layer.v1.tar+gzip')],
      },
      { os: 'linux', architecture: 'amd64', rootfs: { type: 'layers', diff_ids: [DIGEST] } },
      { schemaVersion: 1, fsLayers: [] },
    ),
  dictionary: ['null', '[]', '{}', '__proto__', 'constructor', '1e999', '-0', '\\u0000', '\\ud800', 'é'],
  run(input) {
    assert.equal(typeof statedMediaType(input, 'x'), 'string');
    const refusals = [
      () => choosePlatform(parseIndex(input, 'x'), 'amd64', 'x'),
      () => checkPlatform(parseConfig(input, 'x'), 'amd64', 'x'),
      () => parseManifest(input, 'x').layers.map(({ mediaType }) => layerPacking(mediaType)),
    ].map(refusalOf);
    if (!refusals.includes(undefined)) throw refusals[0];
  },
};

function refusalOf(read: () => unknown): SourceError | undefined {
  try {
    read();
    return undefined;
  } catch (error) {
    if (error instanceof SourceError) return error;
    throw error;
  }
}
