import { createPrivateKey, type KeyObject } from 'node:crypto';
import { TrustError } from './error.ts';
import { findPemBlock, isCertificateLabel, isPrivateKeyLabel, pemText } from './pem.ts';

/** Gives the passphrase of a key; called only when a key turns out to be encrypted. */
export type PassphraseSource = () => Promise<string | Buffer>;

/** Bytes that a passphrase may have: OpenSSL's buffer for it (PEM_BUFSIZE). */
export const PASSPHRASE_LIMIT = 1024;

/**
 * The private key in a PEM file: PKCS#1, PKCS#8 or SEC1, and encrypted PKCS#8 or the older
 * `Proc-Type: 4,ENCRYPTED`. Other blocks in the file, such as certificates, are passed over.
 *
 * `name` is the file's, for messages. Throws a TrustError `unreadable-key`, `unsupported-key` or
 * `wrong-passphrase`, or what `passphrase` throws.
 */
export async function readPrivateKey(
  bytes: Uint8Array,
  name: string,
  passphrase: PassphraseSource,
): Promise<KeyObject> {
  const text = pemText(bytes);
  const block = findPemBlock(text, isPrivateKeyLabel);
  if (block === undefined) throw noPrivateKey(text, name);
  if (block.label === 'OPENSSH PRIVATE KEY') {
    throw new TrustError('unsupported-key', `private key ${name}: it is in OpenSSH's own format`, {
      hint: 'convert a copy of it with: ssh-keygen -p -m PKCS8 -f FILE',
    });
  }
  const encrypted = block.label === 'ENCRYPTED PRIVATE KEY' || /^Proc-Type: *4, *ENCRYPTED/m.test(block.text);
  return encrypted ? decrypt(block.text, name, passphrase) : parse(block.text, name);
}

function parse(text: string, name: string): KeyObject {
  try {
    return createPrivateKey({ key: text, format: 'pem' });
  } catch (cause) {
    throw new TrustError('unreadable-key', `private key ${name}: the PEM block is damaged`, {
      hint: 'look at it with: openssl pkey -noout -text -in FILE',
      cause,
    });
  }
}

async function decrypt(text: string, name: string, passphrase: PassphraseSource): Promise<KeyObject> {
  const secret = Buffer.from(await passphrase());
  if (secret.length > PASSPHRASE_LIMIT) {
    throw new TrustError(
      'wrong-passphrase',
      `private key ${name}: the passphrase has ${secret.length} bytes, which is more than ${PASSPHRASE_LIMIT}`,
    );
  }
  try {
    return createPrivateKey({ key: text, format: 'pem', passphrase: secret });
  } catch (cause) {
    // Only a cipher that is not there is told apart from a wrong passphrase: what a wrong one decrypts to
    // passes the padding check once in 256 times and then fails as any damaged key does.
    if (cause instanceof Error && 'code' in cause && cause.code === 'ERR_OSSL_EVP_UNSUPPORTED') {
      throw new TrustError(
        'unsupported-key',
        `private key ${name}: it is encrypted with a cipher that is out of use`,
        {
          hint: 'encrypt a copy of it anew with: openssl pkcs8 -topk8 -provider legacy -provider default -in FILE -out FILE.new',
          cause,
        },
      );
    }
    throw new TrustError('wrong-passphrase', `private key ${name}: the passphrase does not open it`, {
      cause,
    });
  } finally {
    secret.fill(0);
  }
}

function noPrivateKey(text: string, name: string): TrustError {
  const message = `private key ${name}: the file holds no private key in PEM`;
  if (findPemBlock(text, isCertificateLabel) !== undefined) {
    return new TrustError('unreadable-key', `${message}, but a certificate`, {
      hint: 'give the key with --private-key and the certificate with --certificate',
    });
  }
  if (findPemBlock(text, (label) => label.endsWith('PUBLIC KEY')) !== undefined) {
    return new TrustError('unreadable-key', `${message}, but a public key`, {
      hint: 'signing needs the private one',
    });
  }
  // DER begins with a SEQUENCE whose length takes two or more bytes.
  const hint = text.startsWith('\x30\x82')
    ? 'it may be DER: convert it with: openssl pkey -inform DER -in FILE'
    : undefined;
  return new TrustError('unreadable-key', message, hint === undefined ? {} : { hint });
}
