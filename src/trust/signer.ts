import { type KeyObject, sign, type X509Certificate } from 'node:crypto';
import type { Signer } from '../image/signature/signer.ts';
import { TrustError } from './error.ts';

/** Bits of an RSA modulus: below is too weak for today's verifiers, above is more than OpenSSL verifies. */
const RSA_BITS = { least: 2048, most: 16384 } as const;

/** Curves by OpenSSL's name: those that every kernel with ECDSA has; P-521 came with Linux 6.10. */
const CURVES: ReadonlySet<string | undefined> = new Set(['prime256v1', 'secp384r1']);

/** What the key and the certificate are called in messages, such as `private key ./db.key`. */
export interface SignerNames {
  readonly key: string;
  readonly certificate: string;
}

/**
 * A signer from a key and its certificate.
 *
 * Throws a TrustError `unsupported-key` for anything but RSA of 2048 to 16384 bits and EC P-256 or P-384, and
 * `certificate-mismatch` when the certificate is for another key.
 */
export function createSigner(key: KeyObject, certificate: X509Certificate, names: SignerNames): Signer {
  const keyType = checkKeyType(key, names.key);
  if (!certificate.checkPrivateKey(key)) {
    throw new TrustError('certificate-mismatch', `${names.certificate}: it does not belong to ${names.key}`, {
      hint: 'give the certificate that was made for this key; openssl x509 -noout -pubkey and openssl pkey -pubout must print the same',
    });
  }
  return {
    certificate: new Uint8Array(certificate.raw),
    keyType,
    sign: (data) => new Uint8Array(sign('sha256', data, key)),
  };
}

function checkKeyType(key: KeyObject, name: string): Signer['keyType'] {
  const { modulusLength = 0, namedCurve } = key.asymmetricKeyDetails ?? {};
  const refuse = (reason: string): never => {
    throw new TrustError('unsupported-key', `${name}: ${reason}`, {
      hint: 'use an RSA key of 2048 bits or more, or an EC key on P-256 or P-384',
    });
  };
  switch (key.asymmetricKeyType) {
    case 'rsa':
      if (modulusLength < RSA_BITS.least)
        refuse(`an RSA key of ${modulusLength} bits is too weak to be accepted`);
      if (modulusLength > RSA_BITS.most)
        refuse(`an RSA key of ${modulusLength} bits is more than ${RSA_BITS.most}`);
      return 'rsa';
    case 'ec':
      if (!CURVES.has(namedCurve)) refuse(`the EC curve ${namedCurve ?? 'without a name'} is not supported`);
      return 'ec';
    case 'rsa-pss':
      return refuse(
        'an RSA-PSS key cannot make the PKCS#1 v1.5 signature that systemd and the kernel verify',
      );
    case 'ed25519':
    case 'ed448':
      return refuse('a key of this kind (EdDSA) cannot make a PKCS#7 signature, so systemd cannot verify it');
    default:
      return refuse(`a key of the kind ${key.asymmetricKeyType ?? 'unknown'} cannot sign an image`);
  }
}
