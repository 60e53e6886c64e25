import { type ByteString, utf8ByteString } from '../../base/byte-string.ts';
import { escapeControls } from '../../base/display.ts';
import { NodeError } from '../error.ts';

/** Where an image is downloaded from. */
export type ImageUri =
  | { readonly scheme: 'http'; readonly url: URL; readonly fileName: ByteString | undefined }
  | { readonly scheme: 'file'; readonly path: ByteString; readonly fileName: ByteString | undefined }
  /** The name comes from what is in the container image. */
  | { readonly scheme: 'oci'; readonly reference: string };

const URI_MAX = 8192;

/**
 * Parses a URI. The name of the file is its last component, without what follows a question mark or a number sign; undefined
 * where there is none.
 *
 * @throws NodeError ('bad-uri').
 */
export function parseImageUri(text: string): ImageUri {
  const refuse = (problem: string, hint = 'use https://, http://, file:// or oci://'): never => {
    throw new NodeError('bad-uri', `'${escapeControls(text.slice(0, 200))}': ${problem}`, { hint });
  };
  if (/[\x00-\x20\x7f]/.test(text))
    return refuse('there are spaces or control characters in it', 'write a space as %20');
  if (text.length > URI_MAX) return refuse(`a URI of more than ${URI_MAX} characters`);
  const [, scheme, rest] = /^([a-z][a-z0-9+.-]*):(.*)$/is.exec(text) ?? [];
  if (scheme === undefined || rest === undefined) return refuse('it is no URI');
  switch (scheme.toLowerCase()) {
    case 'http':
    case 'https': {
      const url = URL.parse(text);
      if (url === null || url.hostname === '') return refuse('it is no web address');
      return { scheme: 'http', url, fileName: lastComponent(url.pathname, refuse) };
    }
    case 'file': {
      const path = percentDecoded(
        rest.replace(/^\/\/(?:localhost(?=\/))?/i, '').replace(/[?#].*$/s, ''),
        refuse,
      );
      if (!path.startsWith('/')) return refuse('it has no absolute path', 'write file:///PATH');
      if (path.includes('\0')) return refuse('there is a NUL byte in its path');
      const name = path.slice(path.lastIndexOf('/') + 1);
      return { scheme: 'file', path, fileName: name === '' ? undefined : name };
    }
    case 'oci':
    case 'docker':
    case 'container': {
      const reference = rest.replace(/^\/\//, '');
      return reference === '' ? refuse('it names no container image') : { scheme: 'oci', reference };
    }
    default:
      return refuse(`the scheme '${escapeControls(scheme)}' is not known`);
  }
}

/** The last component of a path, with percent escapes resolved. */
function lastComponent(path: string, refuse: (problem: string) => never): ByteString | undefined {
  const component = path.slice(path.lastIndexOf('/') + 1);
  return component === '' ? undefined : percentDecoded(component, refuse);
}

/** The bytes that a part of a URI stands for (RFC 3986, section 2.1), as curl takes them in the path of a file, too. */
function percentDecoded(text: string, refuse: (problem: string, hint?: string) => never): ByteString {
  if (/%(?![0-9a-f]{2})/i.test(text)) {
    return refuse(
      'a % in it is not followed by two hexadecimal digits',
      'write the percent sign itself as %25',
    );
  }
  return utf8ByteString(text).replace(/%([0-9a-f]{2})/gi, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  );
}
