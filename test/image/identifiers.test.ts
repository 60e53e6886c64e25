import { expect, test } from 'vitest';
import { uuidBytes, uuidText } from '../../src/image/guid.ts';
import { defaultSeed, deriveIdentifiers } from '../../src/image/identifiers.ts';
import { hmacSha256, sha1 } from '../../src/platform/hash.ts';

test('derives what systemd-repart 257 derived from the same seed', () => {
  const seed = uuidBytes('6f1b0bcb-4a43-5b52-8d1a-111111111111');
  const identifiers = deriveIdentifiers(seed, 'x86-64', hmacSha256);
  expect({
    diskGuid: identifiers.diskGuid,
    signaturePartitionGuid: identifiers.signaturePartitionGuid,
    fileSystemUuid: uuidText(identifiers.fileSystemUuid),
    verityUuid: uuidText(identifiers.verityUuid),
    veritySalt: Buffer.from(identifiers.veritySalt).toString('hex'),
  }).toEqual({
    diskGuid: '19f9319b-64fe-405b-96b8-4e5d74363099',
    signaturePartitionGuid: '5afd1fa0-859a-4864-84dc-510f3b7b2e7e',
    fileSystemUuid: '106e7dd5-10c2-4ada-a63d-f45cda5ae330',
    verityUuid: '571ebd1b-f614-4ab5-ba25-9d8896dfa636',
    veritySalt: '07db1a9024b380e19b9fb0c2257ddbc300c4d704db4b6db233af2e4a58a6c2de',
  });
});

// As Python's uuid.uuid5(uuid.NAMESPACE_DNS, 'kairos-sysext') gives them.
test.each([
  ['sysext', 'f1a7e405-5d08-57b1-a49f-eadfb05abf11'],
  ['confext', 'ce3feff0-d311-5d63-8851-fdbe4b6e39cf'],
] as const)('the default seed of a %s is the version 5 UUID of its name', (kind, uuid) => {
  expect(uuidText(defaultSeed(kind, sha1))).toBe(uuid);
});
