import type { X509Certificate } from 'node:crypto';

/** Bits of an RSA modulus, from which on nobody can factor it (NIST SP 800-131A). */
const RSA_BITS_MIN = 2048;
/** Curves by OpenSSL's name: those that the kernel can have. */
const CURVES: ReadonlySet<string | undefined> = new Set(['prime256v1', 'secp384r1', 'secp521r1']);

/** Why a signature with a certificate's key proves nothing; undefined where it does. Neither systemd nor the kernel asks. */
export function keyProblem({ publicKey }: X509Certificate): string | undefined {
  const { modulusLength = 0, namedCurve } = publicKey.asymmetricKeyDetails ?? {};
  switch (publicKey.asymmetricKeyType) {
    case 'rsa':
      return modulusLength < RSA_BITS_MIN
        ? `an RSA key of ${modulusLength} bits is too weak: whoever can afford it makes the same signatures`
        : undefined;
    case 'ec':
      return CURVES.has(namedCurve)
        ? undefined
        : `the curve ${namedCurve ?? 'without a name'} is not accepted`;
    default:
      return `a key of the kind ${publicKey.asymmetricKeyType ?? 'unknown'} is not accepted`;
  }
}
