import { type ByteString, utf8ByteString } from '../../base/byte-string.ts';
import { escapeControls } from '../../base/display.ts';
import { NodeError } from '../error.ts';

/** Where an image is downloaded from. */
export type ImageUri =
  | { readonly scheme: 'http'; readonly url: URL; readonly fileName: ByteString | undefined }
  | { readonly scheme: 'file'; readonly path: string; readonly fileName: ByteString | undefined }
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
      // Paths are taken as they are written, as curl takes them, so that a name with a percent sign needs no escape.
      const path = rest.replace(/^\/\/(?:localhost(?=\/))?/, '');
      if (!path.startsWith('/')) return refuse('it has no absolute path', 'write file:///PATH');
      const name = path.slice(path.lastIndexOf('/') + 1);
      return { scheme: 'file', path, fileName: name === '' ? undefined : utf8ByteString(name) };
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
  if (component === '') return undefined;
  try {
    return utf8ByteString(decodeURIComponent(component));
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
    return refuse('its last component has percent escapes that are none');
  }
}
