import { escapeControls } from '../base/display.ts';
import { SourceError } from './error.ts';

/** Where a file tree comes from, as the command line writes it (the spelling of skopeo, containers-transports(5)). */
export type Transport =
  /** `docker://REF`: an image in a registry. */
  | { readonly transport: 'docker'; readonly reference: string }
  /** `docker-daemon:REF`: an image in the Docker daemon. */
  | { readonly transport: 'docker-daemon'; readonly reference: string }
  /** `docker-archive:FILE[:REF]`: a file that `docker save` wrote. */
  | { readonly transport: 'docker-archive'; readonly file: string; readonly reference: string | undefined }
  /** `oci:DIR[:TAG]`: an OCI layout. */
  | { readonly transport: 'oci'; readonly directory: string; readonly tag: string | undefined }
  /** `oci-archive:FILE[:TAG]`: an OCI layout in a tar file. */
  | { readonly transport: 'oci-archive'; readonly file: string; readonly tag: string | undefined }
  /** `dir:PATH`: a directory with the tree in it. */
  | { readonly transport: 'dir'; readonly path: string }
  /** `tar:FILE`: a tar file; `-` is standard input. */
  | { readonly transport: 'tar'; readonly file: string }
  /** An image reference without a transport: the Docker daemon, then the registry. */
  | { readonly transport: 'reference'; readonly reference: string };

/** Transports of skopeo that this program does not have. */
const FOREIGN = ['containers-storage', 'docker-reference', 'ostree', 'sif', 'atomic', 'tarball'];
const OWN = ['docker://', 'docker-daemon:', 'docker-archive:', 'oci:', 'oci-archive:', 'dir:', 'tar:'];

/** Takes a SOURCE apart. Throws a SourceError `bad-reference` that says what would be right. */
export function parseTransport(text: string): Transport {
  if (text === '')
    throw bad('the source is empty', 'give an image reference, or one of: '.concat(OWN.join(' ')));
  const colon = text.indexOf(':');
  const scheme = colon === -1 ? '' : text.slice(0, colon);
  const rest = text.slice(colon + 1);
  switch (scheme) {
    case 'docker':
      if (!rest.startsWith('//'))
        throw bad(
          `'${shown(text)}' lacks the slashes`,
          `write docker://${shown(rest)}, or for the image named docker: docker.io/library/${shown(text)}`,
        );
      return { transport: 'docker', reference: required(rest.slice(2), text, 'image reference') };
    case 'docker-daemon':
      return { transport: 'docker-daemon', reference: required(rest, text, 'image reference') };
    case 'docker-archive': {
      const [file, reference] = splitAt(rest, rest.indexOf(':'));
      return {
        transport: 'docker-archive',
        file: required(file, text, 'file'),
        reference: reference === undefined ? undefined : required(reference, text, 'image reference'),
      };
    }
    case 'oci': {
      const [directory, tag] = splitTag(rest);
      return { transport: 'oci', directory: required(directory, text, 'directory'), tag };
    }
    case 'oci-archive': {
      const [file, tag] = splitTag(rest);
      return { transport: 'oci-archive', file: required(file, text, 'file'), tag };
    }
    case 'dir':
      return { transport: 'dir', path: required(rest, text, 'directory') };
    case 'tar':
      return { transport: 'tar', file: required(rest, text, 'file') };
  }
  if (FOREIGN.includes(scheme) || rest.startsWith('//')) {
    throw bad(`the transport of '${shown(text)}' is not known`, `use one of: ${OWN.join(' ')}`);
  }
  return { transport: 'reference', reference: text };
}

/** A tag has no slash, so `oci:./a:b/c` is the directory `./a:b/c`. */
function splitTag(text: string): [string, string | undefined] {
  const colon = text.lastIndexOf(':');
  if (text.slice(colon).includes('/')) return [text, undefined];
  const [path, tag] = splitAt(text, colon);
  // As skopeo has it, an empty tag is none.
  return [path, tag === '' ? undefined : tag];
}

function splitAt(text: string, colon: number): [string, string | undefined] {
  if (colon === -1) return [text, undefined];
  return [text.slice(0, colon), text.slice(colon + 1)];
}

function required(value: string, text: string, what: string): string {
  if (value === '') throw bad(`'${shown(text)}' names no ${what}`, `write the ${what} after the colon`);
  if (value.includes('\0')) throw bad(`'${shown(text)}' has a NUL byte in it`, 'remove it');
  return value;
}

function shown(text: string): string {
  return escapeControls(text.length > 200 ? `${text.slice(0, 200)}…` : text);
}

function bad(message: string, hint: string): SourceError {
  return new SourceError('bad-reference', message, { hint });
}
