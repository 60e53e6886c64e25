import { signDetached } from '../../../image/signature/detached-signature.ts';
import type { Signer } from '../../../image/signature/signer.ts';

/**
 * A DER SignedData (PKCS#7 1.5) over `content`, which is not part of it, with the signer's certificate and no
 * signed attributes.
 *
 * It stands alone, without the ContentInfo around it: so UEFI 2.10, section 8.2.2, has it, and older firmware
 * reads nothing else, since it looks for the digest algorithm at a fixed offset.
 */
export async function signedData(content: Uint8Array, signer: Signer): Promise<Uint8Array> {
  const { AsnConvert } = await import('@peculiar/asn1-schema');
  const { ContentInfo } = await import('@peculiar/asn1-cms');
  return new Uint8Array(AsnConvert.parse(await signDetached(content, signer), ContentInfo).content);
}
