import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Extent, extract } from '../support/extract.ts';
import { extensionPartitions, readPartitionTable } from '../support/partition-table.ts';
import { mustRun, type Outcome, runCommand } from '../support/run-command.ts';
import { inSystemdRoot, mustRunInSystemdRoot } from '../support/systemd-root.ts';

/** An image taken apart into files that single-purpose tools can read. */
export interface TakenApart {
  /** The directory that holds the files. */
  readonly directory: string;
  /** The file system, as long as the hash tree says: a data partition may be longer. */
  readonly erofs: string;
  /** Where it lies in the image. */
  readonly extent: Extent;
  /** The hash partition. */
  readonly verity: string;
  /** The root hash that the partitions' GUIDs spell, lower-case hex. */
  readonly rootHash: string;
  /** What the signature partition says; absent from an unsigned image. */
  readonly signature: SignaturePartition | undefined;
}

/** The content of a signature partition. */
export interface SignaturePartition {
  readonly rootHash: string;
  readonly certificateFingerprint: string;
  /** File with the PKCS#7, DER. */
  readonly pkcs7: string;
}

/** Where the verity superblock counts the data blocks, 64 bits little-endian; cryptsetup lib/verity/verity.c. */
const VERITY_DATA_BLOCKS = 72;

/** Takes an image apart into files in `directory`. */
export async function takeApart(image: string, directory: string): Promise<TakenApart> {
  const { data, hash, signature, rootHash } = extensionPartitions(await readPartitionTable(image));
  const verity = join(directory, 'verity');
  await extract(image, hash, verity);
  const blocks = Number((await readFile(verity)).readBigUInt64LE(VERITY_DATA_BLOCKS));
  const extent = { offset: data.offset, size: blocks * 4096 };
  if (extent.size > data.size) throw new Error(`${image}: the hash tree covers more than the data partition`);
  const erofs = join(directory, 'erofs');
  await extract(image, extent, erofs);
  return {
    directory,
    erofs,
    extent,
    verity,
    rootHash,
    signature: signature && (await readSignature(image, signature, directory)),
  };
}

async function readSignature(image: string, extent: Extent, directory: string): Promise<SignaturePartition> {
  const partition = join(directory, 'signature.json');
  await extract(image, extent, partition);
  const text = (await readFile(partition, 'utf8')).replace(/\0+$/, '');
  const { rootHash, certificateFingerprint, signature } = JSON.parse(text) as Record<string, string>;
  if (!rootHash || !certificateFingerprint || !signature)
    throw new Error(`${image}: signature lacks a field`);
  const pkcs7 = join(directory, 'signature.p7s');
  await writeFile(pkcs7, Buffer.from(signature, 'base64'));
  return { rootHash, certificateFingerprint, pkcs7 };
}

/** cryptsetup's verdict on hash tree and data under the root hash that the partitions' GUIDs spell. */
export function veritysetupVerify({ directory, erofs, verity, rootHash }: TakenApart): Promise<Outcome> {
  return inSystemdRoot(directory, ['veritysetup', 'verify', erofs, verity, rootHash]);
}

/** erofs-utils' verdict on the file system, every byte of every file read. */
export function fsckErofs({ directory, erofs }: TakenApart): Promise<Outcome> {
  return inSystemdRoot(directory, ['fsck.erofs', '--extract', erofs]);
}

/**
 * OpenSSL's verdict on the signature, asked as systemd asks it (dissect-image.c, validate_signature_userspace): only the
 * given certificate may be the signer (NOINTERN), and its own validity is not looked at (NOVERIFY).
 */
export async function opensslVerify(
  { directory, signature, rootHash }: TakenApart,
  certificate: string,
  command: 'cms' | 'smime',
): Promise<Outcome> {
  if (signature === undefined) throw new Error('the image has no signature partition');
  const content = join(directory, 'root-hash');
  await writeFile(content, rootHash);
  const input = ['-inform', 'DER', '-in', signature.pkcs7, '-binary', '-content', content];
  const trust = ['-certfile', certificate, '-nointern', '-noverify'];
  return runCommand('openssl', [command, '-verify', ...input, ...trust, '-out', '/dev/null']);
}

/** Lower-case hex SHA-256 of a certificate's DER. */
export async function certificateFingerprint(certificate: string): Promise<string> {
  const { stdout } = await mustRun('openssl', [
    'x509',
    '-in',
    certificate,
    '-noout',
    '-fingerprint',
    '-sha256',
  ]);
  return stdout.replace(/^.*=|:|\s/g, '').toLowerCase();
}

/** Merges one image in the systemd root, under a policy that needs no verity, and says what systemd's marker then lists. */
export async function mergedNames(
  directory: string,
  image: string,
  kind: 'sysext' | 'confext',
): Promise<string> {
  const [place, marker] =
    kind === 'sysext'
      ? ['/run/extensions', '/usr/.systemd-sysext/extensions']
      : ['/run/confexts', '/etc/.systemd-confext/confexts'];
  const script =
    'mkdir "$1"; ln -s "$2" "$1"; "systemd-$3" merge --image-policy=root=unprotected >&2; cat "$4"';
  const merge = ['sh', '-euc', script, 'sh', place, image, kind, marker] as const;
  return (await mustRunInSystemdRoot(directory, merge)).stdout;
}
