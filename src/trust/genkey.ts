import { createHash, generateKeyPair, type KeyObject, randomUUID, X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Guid } from '../image/guid.ts';
import type { Signer } from '../image/signature/signer.ts';
import { KEY_VARIABLE_ATTRIBUTES } from './efi/authenticated-variable/layout.ts';
import { writeAuthenticatedVariable } from './efi/authenticated-variable/write.ts';
import { KEY_VARIABLE_VENDORS } from './efi/key-variables.ts';
import { X509 } from './efi/signature-list/layout.ts';
import { writeSignatureLists } from './efi/signature-list/write.ts';
import { TrustError } from './error.ts';
import { pem } from './pem.ts';
import { selfSignedCertificate } from './self-signed-certificate.ts';
import { createSigner } from './signer.ts';
import { type NewFile, writeFilesTogether } from './write-files-together.ts';

/** The only size of RSA key that UEFI 2.10 (section 32.4.1) promises for all firmware. */
const RSA_BITS = 2048;

/** Firmware that has a clock and looks at the dates must not lock its owner out during the life of a machine. */
const VALIDITY_YEARS = 20;

/** Characters that a certificate's common name may have (RFC 5280, ub-common-name). */
const COMMON_NAME_LIMIT = 64;

/** The variables that get a key, each with the one whose key signs its update. */
const VARIABLES = [
  { variable: 'PK', signedBy: 'PK' },
  { variable: 'KEK', signedBy: 'PK' },
  { variable: 'db', signedBy: 'KEK' },
] as const;

/** A variable that genkey makes a key for. */
export type GeneratedVariable = (typeof VARIABLES)[number]['variable'];

/** What keys to make, and where. */
export interface GenkeyOptions {
  /** Begins the subjects: `NAME PK`, `NAME KEK`, `NAME db`. 1 to 60 characters, none of them a control character. */
  readonly name: string;
  /** Made if it is not there. */
  readonly directory: string;
  /** Replaces files that are there. */
  readonly force?: boolean;
  /** The start of the certificates' validity and the time stamp of the variables, to the second. */
  readonly now?: Date;
  /** The owner that the signature lists name; a random GUID by default. */
  readonly owner?: Guid;
}

/** The key of one variable, and the files that hold it. */
export interface GeneratedKey {
  readonly variable: GeneratedVariable;
  /** The certificate's subject and issuer, such as `CN=test db`. */
  readonly subject: string;
  /** SHA-256 of the DER certificate, 64 lower-case hexadecimal digits. */
  readonly fingerprint: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** Paths, each the directory as it was given and a file name. */
  readonly files: {
    /** PKCS#8, PEM, not encrypted; mode 0600. */
    readonly privateKey: string;
    readonly certificatePem: string;
    readonly certificateDer: string;
    /** An EFI_SIGNATURE_LIST with the certificate. */
    readonly signatureList: string;
    /** The signature list as an authenticated update of the variable: by PK for PK and KEK, by KEK for db. */
    readonly authenticatedVariable: string;
  };
}

/** The keys made. */
export interface GenkeyResult {
  readonly owner: Guid;
  /** PK, KEK, db, in this order. */
  readonly keys: readonly GeneratedKey[];
}

/**
 * Makes the keys of a test firmware's Secure Boot: PK, KEK and db, each RSA-2048 with a self-signed certificate, and
 * the files to enrol them with. `db.key` and `db.pem` sign extension images.
 *
 * Writes all files or none. Throws a TrustError: `bad-name`, `file-exists`, `unwritable`.
 */
export async function generateKeys(options: GenkeyOptions): Promise<GenkeyResult> {
  const { name, directory, force = false, owner = randomUUID() } = options;
  checkName(name);
  const notBefore = wholeSecond(options.now ?? new Date());
  const notAfter = new Date(notBefore);
  notAfter.setUTCFullYear(notAfter.getUTCFullYear() + VALIDITY_YEARS);

  const identities = new Map<GeneratedVariable, Identity>();
  for (const { variable } of VARIABLES) {
    identities.set(variable, await makeIdentity(`${name} ${variable}`, notBefore, notAfter));
  }

  const keys: GeneratedKey[] = [];
  const newFiles: NewFile[] = [];
  for (const { variable, signedBy } of VARIABLES) {
    const identity = identities.get(variable)!;
    const signer = identities.get(signedBy)!.signer;
    newFiles.push(...(await filesOf(variable, identity, { owner, signer, timestamp: notBefore })));
    keys.push({
      variable,
      subject: `CN=${name} ${variable}`,
      fingerprint: createHash('sha256').update(identity.signer.certificate).digest('hex'),
      notBefore,
      notAfter,
      files: {
        privateKey: join(directory, `${variable}.key`),
        certificatePem: join(directory, `${variable}.pem`),
        certificateDer: join(directory, `${variable}.der`),
        signatureList: join(directory, `${variable}.esl`),
        authenticatedVariable: join(directory, `${variable}.auth`),
      },
    });
  }
  await writeFilesTogether(directory, newFiles, force);
  return { owner, keys };
}

interface Identity {
  readonly key: KeyObject;
  readonly signer: Signer;
}

async function makeIdentity(commonName: string, notBefore: Date, notAfter: Date): Promise<Identity> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: RSA_BITS });
  const der = await selfSignedCertificate(privateKey, { commonName, notBefore, notAfter });
  const names = { key: `key of ${commonName}`, certificate: `certificate of ${commonName}` };
  return { key: privateKey, signer: createSigner(privateKey, new X509Certificate(der), names) };
}

async function filesOf(
  variable: GeneratedVariable,
  { key, signer: { certificate } }: Identity,
  update: { readonly owner: Guid; readonly signer: Signer; readonly timestamp: Date },
): Promise<NewFile[]> {
  const { owner, signer, timestamp } = update;
  const list = writeSignatureLists([
    { type: X509, header: new Uint8Array(), signatures: [{ owner, data: certificate }] },
  ]);
  const auth = await writeAuthenticatedVariable(
    {
      name: variable,
      vendor: KEY_VARIABLE_VENDORS[variable],
      attributes: KEY_VARIABLE_ATTRIBUTES,
      timestamp,
      data: list,
    },
    signer,
  );
  const file = (suffix: string, content: Uint8Array | string): NewFile => ({
    name: `${variable}.${suffix}`,
    content,
    secret: false,
  });
  return [
    { ...file('key', key.export({ type: 'pkcs8', format: 'pem' })), secret: true },
    file('pem', pem('CERTIFICATE', certificate)),
    file('der', certificate),
    file('esl', list),
    file('auth', auth),
  ];
}

function checkName(name: string): void {
  const longest = COMMON_NAME_LIMIT - ' KEK'.length;
  // Counted in code points, as X.509 counts characters.
  const length = [...name].length;
  if (length < 1 || length > longest) {
    throw new TrustError(
      'bad-name',
      `name "${name}": it has ${length} characters; 1 to ${longest} fit into a certificate`,
    );
  }
  if (/\p{Control}/u.test(name) || !name.isWellFormed()) {
    throw new TrustError(
      'bad-name',
      `name ${JSON.stringify(name)}: it has a control character or is not valid Unicode`,
    );
  }
}

/** Certificates and EFI_TIME hold no fractions of a second. */
function wholeSecond(date: Date): Date {
  return new Date(Math.floor(date.getTime() / 1000) * 1000);
}
