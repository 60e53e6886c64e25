import { join } from 'node:path';
import { escapeControls } from '../../base/display.ts';
import type { ImageFinding } from '../../image/image-finding.ts';
import { KEY_VARIABLE_VENDORS, type KeyVariable } from '../efi/key-variables.ts';
import {
  SHA256,
  type SignatureList,
  X509,
  X509_SHA256,
  X509_SHA384,
  X509_SHA512,
} from '../efi/signature-list/layout.ts';
import { readSignatureLists } from '../efi/signature-list/read.ts';
import { TrustError } from '../error.ts';
import { type ParsedCertificate, parseCertificate } from '../pkcs7/parsed-certificate.ts';
import { NO_REVOCATIONS, type Revocations } from '../revocations.ts';
import { readSmallFile } from '../small-file.ts';
import type { TrustedCertificate, TrustedKeys, TrustStoreCode } from '../trusted-keys.ts';

/** Bytes before the value of a variable: its attributes (Linux Documentation/filesystems/efivarfs.rst). */
const ATTRIBUTES_SIZE = 4;

/** Digests of certificates in signature lists: the digest's name and its bytes; the time of revocation follows. */
const TBS_TYPES: ReadonlyMap<string, { readonly name: string; readonly size: number }> = new Map([
  [X509_SHA256, { name: 'sha256', size: 32 }],
  [X509_SHA384, { name: 'sha384', size: 48 }],
  [X509_SHA512, { name: 'sha512', size: 64 }],
]);

/**
 * The keys of the firmware's variables PK, KEK and db, and the revocations of dbx, as efivarfs shows them.
 *
 * A variable that is not there has no keys. One that cannot be read does not take the others along, but dbx does: as long
 * as nobody knows who is revoked, nobody is trusted.
 *
 * @param directory Such as /sys/firmware/efi/efivars.
 */
export async function firmwareVariables(directory: string): Promise<TrustedKeys> {
  const certificates: TrustedCertificate[] = [];
  const findings: ImageFinding<TrustStoreCode>[] = [];
  for (const variable of ['PK', 'KEK', 'db'] as const) {
    try {
      const lists = await readVariable(directory, variable);
      for (const [index, { data }] of entriesOf(lists, X509).entries()) {
        try {
          const certificate = await parseCertificate(data, `${variable}[${index}]`);
          certificates.push({
            certificate,
            store: variable,
            source: `${variable}[${index}]`,
            isAnchor: true,
          });
        } catch (error) {
          findings.push(finding('certificate-unreadable', 'warning', error));
        }
      }
    } catch (error) {
      findings.push(finding('variable-unreadable', 'warning', error));
    }
  }
  try {
    return { certificates, revocations: await readRevocations(directory), findings };
  } catch (error) {
    const failure = finding('revocations-unreadable', 'error', error);
    return { certificates: [], revocations: NO_REVOCATIONS, findings: [...findings, failure] };
  }
}

async function readRevocations(directory: string): Promise<Revocations> {
  const lists = await readVariable(directory, 'dbx');
  const certificates: ParsedCertificate[] = [];
  for (const [index, { data }] of entriesOf(lists, X509).entries()) {
    certificates.push(await parseCertificate(data, `dbx[${index}]`));
  }
  const tbsDigests = [...TBS_TYPES].flatMap(([type, { name, size }]) =>
    entriesOf(lists, type).map(({ data }) => `${name}:${hex(data.subarray(0, size))}`),
  );
  const digests = entriesOf(lists, SHA256).map(({ data }) => hex(data));
  return { certificates, tbsDigests: new Set(tbsDigests), digests: new Set(digests) };
}

/** The signature lists of a variable; none where it is not there. Throws a TrustError. */
async function readVariable(directory: string, variable: KeyVariable): Promise<readonly SignatureList[]> {
  const path = join(directory, `${variable}-${KEY_VARIABLE_VENDORS[variable]}`);
  let bytes: Uint8Array;
  try {
    ({ bytes } = await readSmallFile(path, 'variable', 'malformed'));
  } catch (error) {
    const { cause } = error as { cause?: NodeJS.ErrnoException };
    if (cause?.code === 'ENOENT') return [];
    throw error;
  }
  // The kernel shows a variable that is being made as an empty file.
  if (bytes.length === 0) return [];
  const name = escapeControls(path);
  if (bytes.length < ATTRIBUTES_SIZE) {
    throw new TrustError('malformed', `${name}: ${bytes.length} bytes are too few for a variable`);
  }
  return readSignatureLists(bytes.subarray(ATTRIBUTES_SIZE), name);
}

function entriesOf(lists: readonly SignatureList[], type: string) {
  return lists.filter((list) => list.type === type).flatMap(({ signatures }) => signatures);
}

function finding(
  code: TrustStoreCode,
  level: 'warning' | 'error',
  error: unknown,
): ImageFinding<TrustStoreCode> {
  if (!(error instanceof TrustError)) throw error;
  return { code, layer: 'trust', level, message: error.message, subjects: [] };
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
