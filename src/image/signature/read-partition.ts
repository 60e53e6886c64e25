import { base64Bytes } from '../../base/base64.ts';
import { byteString } from '../../base/byte-string.ts';
import { escapeControls } from '../../base/display.ts';
import { ImageError } from '../error.ts';
import { SIGNATURE_PARTITION_LIMIT } from './layout.ts';

/** What a signature partition says. */
export interface SignaturePartition {
  /** Lower-case hexadecimal, of 32, 48 or 64 bytes. */
  readonly rootHash: string;
  /** SHA-256 of the signer's certificate in DER, lower-case hexadecimal. Nobody vouches for it. */
  readonly certificateFingerprint: string | undefined;
  /** The detached PKCS#7 signature, DER; not looked at. */
  readonly signature: Uint8Array;
  /** Further keys, which systemd ignores; as text for display. */
  readonly unknownKeys: readonly string[];
}

const ROOT_HASH = /^(?:[0-9a-f]{64}|[0-9a-f]{96}|[0-9a-f]{128})$/;
const FINGERPRINT = /^[0-9a-f]{64}$/;
const KNOWN_KEYS: readonly string[] = ['rootHash', 'certificateFingerprint', 'signature'];

/**
 * Reads a signature partition: a JSON object, all of whose values are strings, then NULs (systemd 257 dissect-image.c:
 * `dissected_image_load_verity_sig_partition`). Stricter than systemd in what the strings may be, and in that no
 * key may come twice, so that all readers find the same in it.
 *
 * @throws ImageError ('malformed', or 'out-of-range' above 4 MiB) that says what is wrong.
 */
export function readSignaturePartition(bytes: Uint8Array): SignaturePartition {
  if (bytes.length > SIGNATURE_PARTITION_LIMIT) {
    throw new ImageError(
      'out-of-range',
      `signature partition: it has ${bytes.length} bytes, more than 4 MiB`,
    );
  }
  const end = bytes.indexOf(0);
  const length = end < 0 ? bytes.length : end;
  if (bytes.subarray(length).some((byte) => byte !== 0)) malformed('there is something behind the first NUL');
  if (length === 0) malformed('it is empty');
  if (bytes.subarray(0, length).some((byte) => byte >= 0x80)) malformed('it is not ASCII');
  const fields = readStringObject(byteString(bytes.subarray(0, length)));

  const rootHash = fields.get('rootHash') ?? malformed('the key "rootHash" is missing');
  if (!ROOT_HASH.test(rootHash)) malformed('"rootHash" is not a hash in lower-case hexadecimal digits');
  const certificateFingerprint = fields.get('certificateFingerprint');
  if (certificateFingerprint !== undefined && !FINGERPRINT.test(certificateFingerprint)) {
    malformed('"certificateFingerprint" is not a SHA-256 in lower-case hexadecimal digits');
  }
  const text = fields.get('signature') ?? malformed('the key "signature" is missing');
  const signature = base64Bytes(text);
  if (signature === undefined || signature.length === 0)
    malformed('"signature" is not base 64 as it should be');
  const unknownKeys = [...fields.keys()].filter((key) => !KNOWN_KEYS.includes(key)).map(escapeControls);
  return { rootHash, certificateFingerprint, signature, unknownKeys };
}

/** The members of a JSON object (RFC 8259) of strings, with nothing before or behind it but white space. */
function readStringObject(text: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  let place = 0;
  const skipSpace = (): void => {
    while (place < text.length && ' \t\r\n'.includes(text[place]!)) place += 1;
  };
  const take = (token: string): boolean => {
    skipSpace();
    if (text[place] !== token) return false;
    place += 1;
    return true;
  };
  const expect = (token: string): void => {
    if (!take(token))
      malformed(`it is not a JSON object of strings: at byte ${place} there is no '${token}'`);
  };
  const takeString = (): string => {
    expect('"');
    const start = place - 1;
    while (place < text.length && text[place] !== '"') place += text[place] === '\\' ? 2 : 1;
    expect('"');
    return parseString(text.slice(start, place), start);
  };

  expect('{');
  if (!take('}')) {
    do {
      const key = takeString();
      if (fields.has(key)) malformed(`the key "${escapeControls(key)}" is there twice`);
      expect(':');
      fields.set(key, takeString());
    } while (take(','));
    expect('}');
  }
  skipSpace();
  if (place < text.length) malformed(`at byte ${place} there is something behind the JSON object`);
  return fields;
}

/** The text of a JSON string with its quotes, in which escapes may be wrong. */
function parseString(token: string, start: number): string {
  try {
    return JSON.parse(token) as string;
  } catch (error) {
    if (error instanceof SyntaxError) malformed(`the string at byte ${start} is not one that JSON has`);
    throw error;
  }
}

function malformed(cause: string): never {
  throw new ImageError('malformed', `signature partition: ${cause}`, {
    hint: 'have the image signed again',
  });
}
