import { escapeControls } from '../../base/display.ts';
import { SourceError } from '../error.ts';

/** A container image by name, as docker and skopeo write it. */
export interface ImageReference {
  /** Host and optional port, such as `docker.io` or `localhost:5000`. */
  readonly registry: string;
  /** Path in the registry, such as `library/alpine`. */
  readonly repository: string;
  /** Undefined where only a digest is given. */
  readonly tag: string | undefined;
  /** `sha256:…` or `sha512:…`; wins over the tag. */
  readonly digest: string | undefined;
}

const DEFAULT_REGISTRY = 'docker.io';
const DEFAULT_TAG = 'latest';
/** Longest name, registry and repository together (distribution/reference, NameTotalLengthMax). */
const NAME_MAX = 255;

const HOST =
  /^(\[[0-9a-fA-F:]+\]|[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?(\.[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?)*)(:\d{1,5})?$/;
const COMPONENT = /^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*$/;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;
const DIGEST = /^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;

/**
 * Parses `[REGISTRY/]REPOSITORY[:TAG][@DIGEST]` (the grammar of distribution/reference). Without a registry it is one
 * of Docker Hub, where names without a slash are below `library/`. Throws a SourceError `bad-reference`.
 */
export function parseReference(text: string): ImageReference {
  const refuse = (problem: string, hint = 'write it as REGISTRY/REPOSITORY:TAG'): never => {
    throw new SourceError(
      'bad-reference',
      `the image reference '${escapeControls(text.slice(0, 300))}' ${problem}`,
      {
        hint,
      },
    );
  };
  const at = text.indexOf('@');
  const digest = at === -1 ? undefined : text.slice(at + 1);
  if (digest !== undefined && !DIGEST.test(digest))
    refuse('has a digest that is none', 'a digest is sha256: and 64 hexadecimal digits');
  const named = at === -1 ? text : text.slice(0, at);
  const slash = named.lastIndexOf('/');
  const colon = named.indexOf(':', slash + 1);
  const tag = colon === -1 ? undefined : named.slice(colon + 1);
  if (tag !== undefined && !TAG.test(tag))
    refuse('has a tag that is none', 'a tag has letters, digits, dots, dashes and underscores');
  const { registry, path } = splitRegistry(colon === -1 ? named : named.slice(0, colon));
  if (!HOST.test(registry)) refuse(`names no valid registry`);
  if (path === '') refuse('names no image');
  const repository = registry === DEFAULT_REGISTRY && !path.includes('/') ? `library/${path}` : path;
  for (const component of repository.split('/')) {
    if (COMPONENT.test(component)) continue;
    if (component !== component.toLowerCase())
      refuse('has capital letters', `write ${escapeControls(text.toLowerCase())}`);
    refuse(`has an invalid part '${escapeControls(component)}'`);
  }
  if (registry.length + 1 + repository.length > NAME_MAX) refuse(`is longer than ${NAME_MAX} characters`);
  return { registry, repository, tag: tag ?? (digest === undefined ? DEFAULT_TAG : undefined), digest };
}

/** The first component is a registry if it could not be a part of a name on Docker Hub. */
function splitRegistry(name: string): { registry: string; path: string } {
  const slash = name.indexOf('/');
  const first = name.slice(0, slash);
  const isRegistry =
    slash !== -1 && (/[.:[]/.test(first) || first === 'localhost' || first !== first.toLowerCase());
  if (!isRegistry) return { registry: DEFAULT_REGISTRY, path: name };
  const registry = first === 'index.docker.io' ? DEFAULT_REGISTRY : first;
  return { registry, path: name.slice(slash + 1) };
}

/** The reference in full: `docker.io/library/alpine:latest`. */
export function formatReference({ registry, repository, tag, digest }: ImageReference): string {
  return `${registry}/${repository}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
}

/** Whether two references name the same image: the same name, and the same tag or digest. */
export function sameImage(a: ImageReference, b: ImageReference): boolean {
  return formatReference(a) === formatReference(b);
}
