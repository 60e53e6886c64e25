import { escapeControls } from '../../base/display.ts';
import { SourceError } from '../error.ts';

/** The registry meant by a reference that names none. */
const DEFAULT_REGISTRY = 'docker.io';
const DEFAULT_TAG = 'latest';
/** Most characters in registry and repository together, with the slash between them. */
const NAME_MAX = 255;

/** A container image by its place in a registry. */
export interface ImageReference {
  /** Host name or address, with `:port` where one was given; `docker.io` is Docker Hub. */
  readonly registry: string;
  /** Path in the registry, such as `library/alpine`. */
  readonly repository: string;
  /** The tag as given; undefined where a digest alone was given. */
  readonly tag: string | undefined;
  /** `sha256:…` or `sha512:…`; where there is one, it decides, whatever the tag. */
  readonly digest: string | undefined;
}

const HOST = /^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*|\[[0-9a-f:.]+\])$/i;
const PATH_COMPONENT = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*$/;
const TAG = /^\w[\w.-]{0,127}$/;
const DIGEST_LENGTHS: Readonly<Record<string, number>> = { sha256: 64, sha512: 128 };

/**
 * Takes an image reference apart as Docker does (github.com/distribution/reference, regexp.go and normalize.go): a
 * first component with a dot, a colon or an upper-case letter, or `localhost`, is a registry; Docker Hub's images of
 * one component are in `library/`; without tag and digest the tag is `latest`.
 *
 * @throws SourceError `bad-reference` that says which part is wrong and what is allowed there.
 */
export function parseReference(text: string): ImageReference {
  const bad = (reason: string, hint: string): SourceError =>
    new SourceError('bad-reference', `'${shown(text)}' is no image reference: ${reason}`, { hint });
  if (text === '') throw bad('it is empty', 'write it as [REGISTRY/]NAME[:TAG][@DIGEST]');

  const at = text.indexOf('@');
  const digest = at === -1 ? undefined : text.slice(at + 1);
  if (digest !== undefined) checkDigest(digest, bad);
  const named = at === -1 ? text : text.slice(0, at);
  // A colon after the last slash starts a tag; one before it, a port.
  const colon = named.indexOf(':', named.lastIndexOf('/') + 1);
  const tag = colon === -1 ? undefined : named.slice(colon + 1);
  const name = colon === -1 ? named : named.slice(0, colon);
  if (tag !== undefined && !TAG.test(tag)) {
    throw bad(
      `its tag '${shown(tag)}' is not allowed`,
      'a tag has 1 to 128 letters, digits, underscores, dots and dashes, and begins with none of the last two',
    );
  }
  if (/^[0-9a-f]{64}$/.test(name)) {
    throw bad(
      'it looks like the ID of an image',
      'registries know images by name: NAME:TAG or NAME@sha256:…',
    );
  }

  const { registry, repository } = splitName(name);
  checkRegistry(registry, bad);
  for (const component of repository.split('/')) checkComponent(component, bad);
  if (registry.length + 1 + repository.length > NAME_MAX) {
    throw bad(`its name is longer than ${NAME_MAX} characters`, 'use a shorter name');
  }
  return { registry, repository, tag: tag ?? (digest === undefined ? DEFAULT_TAG : undefined), digest };
}

/** The reference in full: `docker.io/library/alpine:latest`. */
export function formatReference({ registry, repository, tag, digest }: ImageReference): string {
  return `${registry}/${repository}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
}

/** The reference as Docker shows it: without Docker Hub's name where it is understood, and without the tag beside a digest. */
export function familiarReference({ registry, repository, tag, digest }: ImageReference): string {
  const path = repository.replace(/^library\/(?=[^/]*$)/, '');
  const isUnderstood = registry === DEFAULT_REGISTRY && !namesRegistry(path.slice(0, path.indexOf('/') + 1));
  const name = isUnderstood ? path : `${registry}/${repository}`;
  return digest === undefined ? `${name}:${tag}` : `${name}@${digest}`;
}

/** Whether two references name the same image: the same name, and the same tag or digest. */
export function sameImage(a: ImageReference, b: ImageReference): boolean {
  return formatReference(a) === formatReference(b);
}

/** Host and port of the server that keeps a registry's images. */
export function apiHost(registry: string): string {
  return registry === DEFAULT_REGISTRY ? 'registry-1.docker.io' : registry;
}

type Refuse = (reason: string, hint: string) => SourceError;

function splitName(name: string): { registry: string; repository: string } {
  const first = name.slice(0, name.indexOf('/') + 1);
  const isRegistry = namesRegistry(first);
  const registry = first.slice(0, -1);
  const repository = isRegistry ? name.slice(first.length) : name;
  if (isRegistry && registry !== DEFAULT_REGISTRY && registry !== 'index.docker.io') {
    return { registry, repository };
  }
  return {
    registry: DEFAULT_REGISTRY,
    repository: repository.includes('/') ? repository : `library/${repository}`,
  };
}

/** Whether the first component of a name, with the slash after it, could be none of a name on Docker Hub. */
function namesRegistry(first: string): boolean {
  return /[.:]/.test(first) || first === 'localhost/' || first !== first.toLowerCase();
}

function checkRegistry(registry: string, bad: Refuse): void {
  const match = /^(.*?)(?::(\d*))?$/s.exec(registry)!;
  const [, host = '', port] = match;
  if (!HOST.test(host) || (host.startsWith('[') && !URL.canParse(`https://${host}`))) {
    throw bad(
      `'${shown(registry)}' is no registry's host name`,
      'write HOST or HOST:PORT before the first slash, without https://',
    );
  }
  if (port !== undefined && (port === '' || Number(port) < 1 || Number(port) > 65_535)) {
    throw bad(`'${shown(registry)}' has a wrong port`, 'a port is a number from 1 to 65535');
  }
}

function checkComponent(component: string, bad: Refuse): void {
  if (PATH_COMPONENT.test(component)) return;
  if (component === '')
    throw bad('a part of its name is empty', 'write no slash at an end and no two together');
  if (component !== component.toLowerCase() && PATH_COMPONENT.test(component.toLowerCase())) {
    throw bad(
      `'${shown(component)}' has upper-case letters`,
      `write it in lower case: ${component.toLowerCase()}`,
    );
  }
  throw bad(
    `'${shown(component)}' is not allowed in a name`,
    'a part of a name has lower-case letters and digits, joined by single dots, one or two underscores, or dashes',
  );
}

function checkDigest(digest: string, bad: Refuse): void {
  const [algorithm = '', digits = ''] = digest.split(':', 2);
  const length = Object.hasOwn(DIGEST_LENGTHS, algorithm) ? DIGEST_LENGTHS[algorithm] : undefined;
  if (
    length !== undefined &&
    digest === `${algorithm}:${digits}` &&
    new RegExp(`^[0-9a-f]{${length}}$`).test(digits)
  )
    return;
  throw bad(
    `'${shown(digest)}' is no digest`,
    'a digest is sha256: and 64, or sha512: and 128 lower-case hexadecimal digits',
  );
}

function shown(text: string): string {
  return escapeControls(text.length > 120 ? `${text.slice(0, 120)}…` : text);
}
