import { bytesOf } from '../base/byte-string.ts';
import type { Architecture } from './architecture.ts';
import { partitionType } from './gpt/partition-types.ts';
import { type Guid, uuidBytes, uuidFromHash, uuidText } from './guid.ts';
import type { HmacSha256, Sha1 } from './hash-functions.ts';

/** Identifiers of an image that follow from its seed alone. */
export interface SeedIdentifiers {
  readonly diskGuid: Guid;
  readonly signaturePartitionGuid: Guid;
  /** UUID of the file system: 16 bytes in the order of RFC 9562. */
  readonly fileSystemUuid: Uint8Array;
  /** UUID of the verity superblock: 16 bytes in the order of RFC 9562. */
  readonly verityUuid: Uint8Array;
  /** Salt of the hash tree: 32 bytes. */
  readonly veritySalt: Uint8Array;
}

/** The namespace of domain names: RFC 9562, section 6.6. */
const DNS_NAMESPACE: Guid = '6ba7b810-9dad-11d1-80b4-00c04fd430c8';

/**
 * The seed of images for which none is given, as AuroraBoot has it: the version 5 UUID of `kairos-sysext` or
 * `kairos-confext` in the DNS namespace; 16 bytes.
 */
export function defaultSeed(kind: 'sysext' | 'confext', sha1: Sha1): Uint8Array {
  return uuidFromHash(sha1(concatenate(uuidBytes(DNS_NAMESPACE), bytesOf(`kairos-${kind}`))), 5);
}

/**
 * Derives identifiers as systemd-repart does (systemd 257 repart.c: `derive_uuid`, `derive_salt`,
 * `partition_acquire_uuid`): HMAC-SHA-256 of a fixed text, or of a partition's type, with the seed as key.
 *
 * @param seed 16 bytes: a UUID in the order of RFC 9562.
 */
export function deriveIdentifiers(
  seed: Uint8Array,
  architecture: Architecture,
  hmac: HmacSha256,
): SeedIdentifiers {
  const uuid = (key: Uint8Array, data: Uint8Array): Uint8Array => uuidFromHash(hmac(key, data), 4);
  const forType = (designator: 'root' | 'root-verity-sig'): Uint8Array =>
    uuid(seed, uuidBytes(partitionType(architecture, designator)));
  return {
    diskGuid: uuidText(uuid(seed, bytesOf('disk-uuid'))),
    signaturePartitionGuid: uuidText(forType('root-verity-sig')),
    fileSystemUuid: uuid(forType('root'), bytesOf('file-system-uuid')),
    verityUuid: uuid(seed, bytesOf('verity-uuid')),
    veritySalt: hmac(seed, bytesOf('verity-salt')),
  };
}

function concatenate(first: Uint8Array, second: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(first.length + second.length);
  bytes.set(first);
  bytes.set(second, first.length);
  return bytes;
}
