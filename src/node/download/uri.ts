import { type ByteString, utf8ByteString } from '../../base/byte-string.ts';
import { escapeControls } from '../../base/display.ts';
import { SourceError } from '../../source/error.ts';
import { type ImageReference, parseReference } from '../../source/registry/reference.ts';
import { NodeError } from '../error.ts';

/** Where an image comes from. */
export type ImageUri =
  | {
      readonly scheme: 'http';
      /** HTTP or HTTPS, without credentials and fragment. */
      readonly url: URL;
      /** What the server is shown, if the URI has a user and password. */
      readonly authorization: string | undefined;
    }
  | {
      readonly scheme: 'file';
      /** As this process sees it; relative to its working directory where it does not begin with a slash. */
      readonly path: ByteString;
    }
  | { readonly scheme: 'oci'; readonly reference: ImageReference };

const HINT =
  'write https://HOST/NAME.raw, http://HOST/NAME.raw, file:///PATH/NAME.raw or oci://REGISTRY/NAME:TAG';

/**
 * Takes a URI apart: `https://…`, `http://…`, `file:///PATH` (RFC 8089; also `file:PATH`), and the reference of an image in a
 * registry as `oci://REF`, `docker://REF` or `container://REF`, also without the slashes.
 *
 * @throws NodeError ('bad-uri') that says what would be right.
 */
export function parseImageUri(text: string): ImageUri {
  const shown = shownUri(text);
  if (/[\x00-\x20\x7f]/.test(text)) {
    throw new NodeError('bad-uri', `'${shown}' has spaces or control characters in it`, {
      hint: 'write a space as %20',
    });
  }
  const [, scheme, rest] = /^([a-z][a-z0-9+.-]*):(.*)$/i.exec(text) ?? [];
  switch (scheme?.toLowerCase()) {
    case 'https':
    case 'http':
      return httpUri(text, shown);
    case 'file':
      return { scheme: 'file', path: filePath(rest!, shown) };
    case 'oci':
    case 'docker':
    case 'container':
      return { scheme: 'oci', reference: reference(rest!.replace(/^\/\//, '')) };
    case undefined:
      throw new NodeError('bad-uri', `'${shown}' is no URI`, { hint: HINT });
    default:
      throw new NodeError('bad-uri', `'${shown}': images cannot be downloaded by '${shownUri(scheme!)}'`, {
        hint: HINT,
      });
  }
}

/**
 * The name of the file that a URI names: the last component of its path, decoded, without query and fragment. It may be
 * hostile. Undefined for an image in a registry, whose name stands in its content.
 *
 * @throws NodeError ('bad-uri') where the path ends with a slash.
 */
export function fileNameOf(uri: ImageUri): ByteString | undefined {
  if (uri.scheme === 'oci') return undefined;
  const isWeb = uri.scheme === 'http';
  const path = isWeb ? uri.url.pathname : uri.path;
  const last = path.slice(path.lastIndexOf('/') + 1);
  const name = isWeb ? percentDecoded(last, shownUri(uri.url.href)) : last;
  if (name !== '') return name;
  throw new NodeError('bad-uri', 'the URI names no file: its path ends with a slash', {
    hint: 'give the URI of the image itself, or the name that it is to have with --name',
  });
}

/** A URI for messages: without a password, without the query, which may be secret, and of bounded length. */
export function shownUri(text: string): string {
  const open = text.replace(/[?#].*$/s, '').replace(/^([a-z]+:\/\/)[^/]*@/i, '$1');
  return escapeControls(open.length > 200 ? `${open.slice(0, 200)}…` : open);
}

function httpUri(text: string, shown: string): ImageUri {
  const url = /^https?:\/\/[^/]/i.test(text) ? URL.parse(text) : null;
  if (url === null) throw new NodeError('bad-uri', `'${shown}' is no web address`, { hint: HINT });
  const { username, password } = url;
  const authorization =
    username === '' && password === ''
      ? undefined
      : `Basic ${Buffer.from(`${percentDecoded(username, shown)}:${percentDecoded(password, shown)}`, 'latin1').toString('base64')}`;
  url.username = '';
  url.password = '';
  url.hash = '';
  return { scheme: 'http', url, authorization };
}

function filePath(rest: string, shown: string): ByteString {
  const [, host, path = rest] = /^\/\/([^/]*)(.*)$/s.exec(rest) ?? [];
  if (host !== undefined && host !== '' && host !== 'localhost') {
    throw new NodeError('bad-uri', `'${shown}' names a file on the machine '${shownUri(host)}'`, {
      hint: 'write file:/// with three slashes before the path of a file on this machine',
    });
  }
  const decoded = percentDecoded(path.replace(/[?#].*$/s, ''), shown);
  if (decoded === '') throw new NodeError('bad-uri', `'${shown}' names no file`, { hint: HINT });
  if (decoded.includes('\0')) throw new NodeError('bad-uri', `'${shown}' has a NUL byte in its path`);
  return decoded;
}

function reference(text: string): ImageReference {
  try {
    return parseReference(text);
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    throw new NodeError('bad-uri', error.message, {
      cause: error,
      ...(error.hint !== undefined && { hint: error.hint }),
    });
  }
}

/** The bytes that a part of a URI stands for (RFC 3986, section 2.1). */
function percentDecoded(text: string, shown: string): ByteString {
  if (/%(?![0-9a-f]{2})/i.test(text)) {
    throw new NodeError('bad-uri', `'${shown}' has a % that two hexadecimal digits do not follow`, {
      hint: 'write the percent sign itself as %25',
    });
  }
  return utf8ByteString(text).replace(/%([0-9a-f]{2})/gi, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  );
}
