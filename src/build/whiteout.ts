import type { ByteString } from '../base/byte-string.ts';
import { displayName } from '../base/display.ts';
import { BuildError } from './error.ts';

const PREFIX = '.wh.';
const OPAQUE = '.wh..wh..opq';
const RESERVED_PREFIX = '.wh..wh.';

/** What a layer's entry says about the layers under it (OCI image specification, layer.md, "Whiteouts"). */
export type Whiteout =
  /** The path is deleted. */
  | { readonly kind: 'deleted'; readonly path: readonly ByteString[] }
  /** What lower layers have in the directory is deleted. */
  | { readonly kind: 'opaque'; readonly path: readonly ByteString[] }
  /** Bookkeeping of the aufs storage driver: no meaning outside it. */
  | { readonly kind: 'bookkeeping' };

/** What the whiteout at this path means; undefined where the path is none. Throws for a malformed one. */
export function whiteoutAt(components: readonly ByteString[]): Whiteout | undefined {
  const index = components.findIndex((component) => component.startsWith(PREFIX));
  if (index === -1) return undefined;
  const name = components[index]!;
  if (name === OPAQUE) return { kind: 'opaque', path: components.slice(0, index) };
  if (name.startsWith(RESERVED_PREFIX)) return { kind: 'bookkeeping' };
  const target = name.slice(PREFIX.length);
  if (target === '' || target === '.' || target === '..' || index !== components.length - 1) {
    throw new BuildError(
      'bad-path',
      `the whiteout '${displayName(components.join('/'))}' names no file to delete`,
      {
        hint: "names starting with '.wh.' are reserved in container layers: rename the file",
      },
    );
  }
  return { kind: 'deleted', path: [...components.slice(0, index), target] };
}
