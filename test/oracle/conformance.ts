import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ImageBuilder, ImageRequest } from '../support/image-builder.ts';
import { type KeyPair, makeKeyPair } from '../support/key-pair.ts';
import { repartImage } from '../support/repart.ts';
import { mustRunInSystemdRoot } from '../support/systemd-root.ts';
import { erofsManifest, treeManifest } from '../support/tree-manifest.ts';
import {
  hierarchyOf,
  ofBlocks,
  plantTree,
  SOURCE_DATE_EPOCH,
  small,
  type TreeCase,
  treeCases,
} from '../support/trees.ts';
import {
  certificateFingerprint,
  fsckErofs,
  mergedNames,
  opensslVerify,
  type TakenApart,
  takeApart,
  veritysetupVerify,
} from './checks.ts';
import { differingRegions } from './compare-images.ts';
import { dissect, expectedDissection, expectedText } from './dissection.ts';

/** The seed of the check vectors in the format notes. */
const SEED = '6f1b0bcb-4a43-5b52-8d1a-111111111111';
/** The disk GUID that systemd-repart derives from it. */
const DISK_GUID = '19f9319b-64fe-405b-96b8-4e5d74363099';

/**
 * Holds a builder of extension images to the reference tools: has an image built of every tree and asks each tool about it.
 * Called once a builder, at the top of a test file.
 */
export function describeImageBuilder(
  builder: string,
  build: ImageBuilder,
  cases: readonly TreeCase[] = treeCases,
): void {
  let directory: string;
  let signer: KeyPair;
  let stranger: KeyPair;

  beforeAll(async () => {
    // Not below /tmp, which may be memory: an image here is over 2 GiB.
    directory = await mkdtemp('/var/tmp/kairos-sysext-oracle-');
    signer = await makeKeyPair(directory, 'signer', 'rsa-2048');
    stranger = await makeKeyPair(directory, 'stranger', 'rsa-2048');
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  /** Plants the tree of a case and returns the request for a signed image of it. */
  async function request(
    treeCase: TreeCase,
    change: Partial<Pick<ImageRequest, 'signer' | 'architecture'>> = {},
  ): Promise<ImageRequest> {
    const own = await mkdtemp(join(directory, 'image-'));
    const [tree, outputDirectory] = [join(own, 'tree'), join(own, 'output')];
    await mkdir(outputDirectory);
    await plantTree(treeCase, tree, change.architecture ?? 'x86-64');
    const { name, kind } = treeCase;
    const fixed = { seed: SEED, sourceDateEpoch: SOURCE_DATE_EPOCH, architecture: 'x86-64' } as const;
    return { directory, name, kind, tree, outputDirectory, signer, ...fixed, ...change };
  }

  /** The image and its parts, in the directory that `request` made. */
  async function buildImage(made: ImageRequest): Promise<{ image: string; parts: TakenApart }> {
    const image = await build(made);
    return { image, parts: await takeApart(image, join(made.outputDirectory, '..')) };
  }

  /** How an image differs from systemd-repart's image of the very same file system. */
  async function differencesFromRepart(made: ImageRequest, image: string, erofs: string): Promise<string[]> {
    const output = join(made.outputDirectory, '..', 'reference.raw');
    await repartImage({ ...made, output, erofs });
    return differingRegions(image, output);
  }

  const forget = (made: ImageRequest) =>
    rm(join(made.outputDirectory, '..'), { recursive: true, force: true });

  describe.each(cases)(`${builder}: $kind $name`, (treeCase) => {
    const hierarchy = hierarchyOf(treeCase.kind);
    let made: ImageRequest;
    let image: string;
    let parts: TakenApart;

    beforeAll(async () => {
      made = await request(treeCase);
      ({ image, parts } = await buildImage(made));
    });
    afterAll(() => forget(made));

    it('is what systemd-dissect says it is', async () => {
      const { json, text } = await dissect(directory, image);
      expect(json).toStrictEqual(expectedDissection(treeCase, image, DISK_GUID));
      for (const lines of expectedText(treeCase, DISK_GUID)) expect(text).toContain(lines);
    });

    it('passes systemd-dissect --validate under a policy that wants a signature', async () => {
      const validate = [
        'systemd-dissect',
        '--validate',
        '--image-policy=root=signed:=absent',
        image,
      ] as const;
      expect((await mustRunInSystemdRoot(directory, validate)).stdout).toBe('OK\n');
    });

    it('has a hash tree that veritysetup verifies', async () => {
      expect(await veritysetupVerify(parts)).toMatchObject({ status: 0, stderr: '' });
    });

    it('has a signature that OpenSSL verifies with its certificate, and not with another', async () => {
      expect(parts.signature).toMatchObject({
        rootHash: parts.rootHash,
        certificateFingerprint: await certificateFingerprint(signer.certificate),
      });
      for (const command of ['cms', 'smime'] as const) {
        expect(await opensslVerify(parts, signer.certificate, command)).toMatchObject({ status: 0 });
        expect(await opensslVerify(parts, stranger.certificate, command)).toMatchObject({ status: 4 });
      }
    });

    it('holds a file system that fsck.erofs reads to the last byte', async () => {
      expect(await fsckErofs(parts)).toMatchObject({ status: 0, stderr: '' });
    });

    it('gives back every byte, mode, owner, time and attribute when mounted', async () => {
      const mounted = await erofsManifest(image, parts.extent, [hierarchy]);
      expect(mounted).toStrictEqual(await treeManifest(made.tree, [hierarchy]));
    });

    it('is merged by systemd under a policy that needs no verity', async () => {
      expect(await mergedNames(directory, image, treeCase.kind)).toBe(`${treeCase.name}\n`);
    });

    it('equals, byte for byte, what systemd-repart makes of the same file system', async () => {
      expect(await differencesFromRepart(made, image, parts.erofs)).toStrictEqual([]);
    });
  });

  it.each(['p-256', 'p-384'] as const)(
    `${builder}: signs with a %s key as OpenSSL verifies`,
    async (curve) => {
      const pair = await makeKeyPair(directory, curve, curve);
      const made = await request(small, { signer: pair });
      const { image, parts } = await buildImage(made);
      expect(await opensslVerify(parts, pair.certificate, 'cms')).toMatchObject({ status: 0 });
      expect(await opensslVerify(parts, stranger.certificate, 'cms')).toMatchObject({ status: 4 });
      // An ECDSA signature is another one each time, so that partition alone may differ.
      const differences = await differencesFromRepart(made, image, parts.erofs);
      expect(differences.filter((difference) => !difference.startsWith('signature partition'))).toStrictEqual(
        [],
      );
    },
  );

  it(`${builder}: leaves the signature partition out when nobody signs`, async () => {
    const made = await request(small, { signer: undefined });
    const { image, parts } = await buildImage(made);
    expect(parts.signature).toBeUndefined();
    expect(await differencesFromRepart(made, image, parts.erofs)).toStrictEqual([]);
  });

  it.each(['arm64', 'riscv64'] as const)(`${builder}: names the partitions of %s`, async (architecture) => {
    const made = await request(small, { architecture });
    const { image, parts } = await buildImage(made);
    expect(await differencesFromRepart(made, image, parts.erofs)).toStrictEqual([]);
  });

  // Where 4 MiB lie between, the partition table's own alignment changes: section 1.3 of the format notes.
  it.each([700, 745, 750, 755, 800])(
    `${builder}: places the partitions of some %i blocks as systemd-repart does`,
    async (blocks) => {
      const made = await request(ofBlocks(blocks));
      const { image, parts } = await buildImage(made);
      expect(await differencesFromRepart(made, image, parts.erofs)).toStrictEqual([]);
    },
  );
}
