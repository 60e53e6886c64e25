import { SUBJECTS_MAX } from '../../base/finding.ts';
import type { Guid } from '../../image/guid.ts';
import type { ImageFinding } from '../../image/image-finding.ts';
import { KEY_VARIABLE_VENDORS, type KeyVariable } from '../efi/key-variables.ts';
import { readVariable } from '../efi/read-variable.ts';
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
import type { TrustedCertificate, TrustedKeys, TrustStoreCode } from '../trusted-keys.ts';

/** Digests of certificates in signature lists: the digest's name and its bytes; the time of revocation follows. */
const TBS_TYPES: ReadonlyMap<Guid, { readonly name: string; readonly size: number }> = new Map([
  [X509_SHA256, { name: 'sha256', size: 32 }],
  [X509_SHA384, { name: 'sha384', size: 48 }],
  [X509_SHA512, { name: 'sha512', size: 64 }],
]);

/** What is used of the variables that say who is trusted, and of the one that says who is not. */
const USED_OF_TRUSTED: ReadonlySet<Guid> = new Set([X509]);
const USED_OF_REVOKED: ReadonlySet<Guid> = new Set([X509, SHA256, ...TBS_TYPES.keys()]);

/**
 * The keys of the firmware's variables PK, KEK and db, and the revocations of dbx, as efivarfs shows them.
 *
 * A variable that is not there has no keys. One that cannot be read does not take the others along, but dbx does: as long
 * as nobody knows who is revoked, nobody is trusted. The kernel instead keeps what stands before the damage.
 *
 * @param directory Such as /sys/firmware/efi/efivars.
 */
export async function firmwareVariables(directory: string): Promise<TrustedKeys> {
  const certificates: TrustedCertificate[] = [];
  const findings: ImageFinding<TrustStoreCode>[] = [];
  for (const variable of ['PK', 'KEK', 'db'] as const) {
    try {
      const lists = await readLists(directory, variable);
      findings.push(...ignoredEntries(variable, lists, USED_OF_TRUSTED));
      for (const [index, { owner, data }] of entriesOf(lists, X509).entries()) {
        const source = `${variable}[${index}]`;
        try {
          const certificate = await parseCertificate(data, source);
          certificates.push({ certificate, store: variable, source, owner, isAnchor: true });
        } catch (error) {
          findings.push(finding('certificate-unreadable', 'warning', error));
        }
      }
    } catch (error) {
      findings.push(finding('variable-unreadable', 'warning', error));
    }
  }
  try {
    const lists = await readLists(directory, 'dbx');
    findings.push(...ignoredEntries('dbx', lists, USED_OF_REVOKED));
    return { certificates, revocations: await readRevocations(lists), findings };
  } catch (error) {
    const failure = finding('revocations-unreadable', 'error', error);
    return { certificates: [], revocations: NO_REVOCATIONS, findings: [...findings, failure] };
  }
}

async function readRevocations(lists: readonly SignatureList[]): Promise<Revocations> {
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
async function readLists(directory: string, variable: KeyVariable): Promise<readonly SignatureList[]> {
  const bytes = await readVariable(directory, variable, KEY_VARIABLE_VENDORS[variable]);
  return bytes === undefined ? [] : readSignatureLists(bytes, `variable ${variable}`);
}

function entriesOf(lists: readonly SignatureList[], type: Guid) {
  return lists.filter((list) => list.type === type).flatMap(({ signatures }) => signatures);
}

/** Says how many entries of a variable nothing is done with, as the kernel does with more than these. */
function ignoredEntries(
  variable: KeyVariable,
  lists: readonly SignatureList[],
  used: ReadonlySet<Guid>,
): ImageFinding<TrustStoreCode>[] {
  const ignored = lists.filter(({ type }) => !used.has(type));
  if (ignored.length === 0) return [];
  const count = ignored.reduce((sum, { signatures }) => sum + signatures.length, 0);
  const types = new Set(ignored.map(({ type }) => type));
  return [
    {
      code: 'entries-ignored',
      layer: 'trust',
      level: 'note',
      message: `variable ${variable}: ${count} of its entries say nothing of who may sign an extension`,
      subjects: [...types].slice(0, SUBJECTS_MAX).map((type) => `type ${type}`),
    },
  ];
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
