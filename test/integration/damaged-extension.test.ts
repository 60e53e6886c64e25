import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readPartitionTable } from '../../src/image/gpt/read-partition-table.ts';
import { openStores } from '../../src/trust/stores/open-stores.ts';
import type { TrustedKeys } from '../../src/trust/trusted-keys.ts';
import type { Verdict } from '../../src/trust/verdict.ts';
import { verifyImage } from '../../src/trust/verify-image.ts';
import { memorySource } from '../image/memory-image.ts';
import { auroraboot } from '../support/auroraboot.ts';
import { type KeyPair, makeKeyPair } from '../support/key-pair.ts';
import { succeeded } from '../support/run-command.ts';
import { tarArchive } from '../support/tar-archive.ts';

/*
 * What a person does with an image, with each byte changed that somebody reads: verified with a trusted key. The bytes
 * between the partitions, and those that only fill them up, are read by nobody; test/image/damaged-image.test.ts has them.
 */
const BLOCK = 4096;
const ENTRIES_SIZE = 128 * 128;

let directory: string;
let keys: KeyPair;
let image: Uint8Array;
let trusted: TrustedKeys;
let places: { readonly data: number; readonly hash: number; readonly signature: number };

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'damaged-'));
  keys = await makeKeyPair(directory, 'signer', 'rsa-2048');
  const layer = join(directory, 'layer.tar');
  writeFileSync(layer, await tarArchive([{ name: 'usr/bin/tool', mode: 0o755, content: 'a'.repeat(5000) }]));
  const signing = ['--private-key', keys.key, '--certificate', keys.certificate];
  succeeded(
    await auroraboot([
      ...['sysext', '--quiet', '--compression', 'none', ...signing],
      ...['--output', directory, 'app', `tar:${layer}`],
    ]),
  );
  image = new Uint8Array(readFileSync(join(directory, 'app.sysext.raw')));
  const { partitions } = await readPartitionTable(memorySource(image));
  const [data, hash, signature] = partitions.map(({ offset }) => offset) as [number, number, number];
  places = { data, hash, signature };
  trusted = await openStores({ certificateFiles: [keys.certificate] });
});
afterAll(() => rmSync(directory, { recursive: true }));

function verdictOn(bytes: Uint8Array): Promise<Verdict> {
  const now = new Date();
  return verifyImage(memorySource(bytes), {
    fileName: 'app.sysext.raw',
    kind: undefined,
    host: undefined,
    trusted,
    now,
  });
}

/** The layers at fault, or `accepted`. */
async function judge(bytes: Uint8Array): Promise<string> {
  const { accepted, findings } = await verdictOn(bytes);
  const layers = findings.filter(({ level }) => level === 'error').map(({ layer }) => layer);
  expect(accepted).toBe(layers.length === 0);
  return accepted ? 'accepted' : [...new Set(layers)].join(' ');
}

/** The verdicts, each with the places where a changed byte leads to it. */
async function verdicts(from: number, to: number): Promise<Map<string, number[]>> {
  const found = new Map<string, number[]>();
  for (let place = from; place < to; place++) {
    image[place] = image[place]! ^ 0x41;
    const verdict = await judge(image);
    image[place] = image[place]! ^ 0x41;
    found.set(verdict, [...(found.get(verdict) ?? []), place - from]);
  }
  return found;
}

it('is accepted as it is', async () => {
  expect(await judge(image)).toBe('accepted');
});

it('is refused for its partition table wherever a byte of either copy is changed', async () => {
  const end = image.length;
  const usedEntries = 3 * 128;
  for (const [from, to] of [
    [510, 512],
    [512, 512 + 92],
    [1024, 1024 + usedEntries],
    [end - 512, end - 512 + 92],
    [end - 512 - ENTRIES_SIZE, end - 512 - ENTRIES_SIZE + usedEntries],
  ] as const) {
    for (const verdict of (await verdicts(from, to)).keys()) expect(verdict).toMatch(/partition-table|image/);
  }
});

it('is refused for any byte of the verity superblock that the hash tree depends on', async () => {
  const found = await verdicts(places.hash, places.hash + 512);
  // The UUID is nobody's; between the salt's 32 bytes and the end of the superblock nothing counts, nor do the 6 bytes before it.
  const meaningless = (place: number) =>
    (place >= 16 && place < 32) || (place >= 82 && place < 88) || place >= 120;
  expect((found.get('accepted') ?? []).filter((place) => !meaningless(place))).toEqual([]);
  found.delete('accepted');
  for (const verdict of found.keys())
    expect(verdict).toMatch(/verity-superblock|hash-tree|data|partition-table/);
});

it('is refused for its hash tree or data wherever a byte of them is changed', async () => {
  const { findings } = await verdictOn(image);
  expect(findings).toEqual([]);
  const { dataBlocks } = JSON.parse(
    succeeded(await auroraboot(['inspect', '--json', join(directory, 'app.sysext.raw')])).stdout,
  ).verity as { dataBlocks: number };
  expect([...(await verdicts(places.hash + BLOCK, places.hash + 2 * BLOCK)).keys()]).toEqual([
    expect.stringMatching(/hash-tree|verity-superblock/),
  ]);
  expect([...(await verdicts(places.data, places.data + dataBlocks * BLOCK)).keys()]).toEqual(['data']);
}, 300_000);

it('is refused for its signature wherever a byte is changed that anybody relies on', async () => {
  const json = Buffer.from(image.subarray(places.signature, places.signature + 16384))
    .toString('latin1')
    .replace(/\0*$/, '');
  const found = await verdicts(places.signature, places.signature + json.length + 64);
  const fingerprint = json.indexOf('"certificateFingerprint"');
  const text = json.indexOf('"signature":"') + '"signature":"'.length;
  const der = Buffer.from(JSON.parse(json).signature, 'base64');
  const certificate = Buffer.from(
    readFileSync(keys.certificate, 'utf8').replace(/-----.*-----/g, ''),
    'base64',
  );
  const start = der.indexOf(certificate);
  expect(start).toBeGreaterThan(0);
  // Nobody vouches for the fingerprint; and of the certificate that comes along, systemd and we take the trusted copy.
  const isIrrelevant = (place: number): boolean =>
    (place >= fingerprint && place < text) ||
    (place >= text + Math.floor((start * 4) / 3) &&
      place < text + Math.ceil(((start + certificate.length) * 4) / 3));
  expect((found.get('accepted') ?? []).filter((place) => !isIrrelevant(place))).toEqual([]);
  found.delete('accepted');
  for (const verdict of found.keys()) expect(verdict).toMatch(/^(signature|trust|signature trust)$/);
}, 300_000);

it('is refused when it is cut off, wherever', async () => {
  const accepted: number[] = [];
  for (let length = 0; length < image.length; length += 512) {
    for (const cut of [length, length + 1, length + 511]) {
      if ((await judge(image.subarray(0, cut))) === 'accepted') accepted.push(cut);
    }
  }
  expect(accepted).toEqual([]);
});
