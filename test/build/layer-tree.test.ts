import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BuildError } from '../../src/build/error.ts';
import { type FoldedDirectory, LayerTree, type PlacedNode } from '../../src/build/layer-tree.ts';

const attributes = { mode: 0o644, uid: 0, gid: 0, mtime: { seconds: 0, nanoseconds: 0 }, xattrs: new Map() };

/** A node that tells which layer it came from by its owner. */
function node(type: 'fifo' | 'directory', layer: number): PlacedNode {
  return { type, ...attributes, uid: layer };
}

type Step =
  | { readonly do: 'fifo' | 'directory'; readonly path: readonly string[] }
  | { readonly do: 'hide' | 'opaque'; readonly path: readonly string[] };

/** What the product makes of the layers: path → kind and layer. Directories that no entry states are left out. */
function folded(layers: readonly (readonly Step[])[]): Map<string, string> {
  const tree = new LayerTree();
  for (const [layer, steps] of [...layers.entries()].reverse()) {
    for (const step of steps) {
      if (step.do === 'hide') tree.hide(step.path, layer);
      else if (step.do === 'opaque') tree.makeOpaque(step.path, layer);
      else if (tree.offer(step.path, layer, step.do) === 'visible')
        tree.put(step.path, layer, node(step.do, layer));
    }
  }
  const seen = new Map<string, string>();
  const visit = (directory: FoldedDirectory, path: string): void => {
    for (const [name, child] of directory.children) {
      const childPath = `${path}/${name}`;
      if ('type' in child) seen.set(childPath, `${child.type} of ${child.uid}`);
      else {
        if (child.attributes !== undefined) seen.set(childPath, 'directory');
        visit(child, childPath);
      }
    }
  };
  visit(tree.folded(), '');
  return seen;
}

/** The same by the plain reading of the specification: one layer after the other is unpacked over the last. */
function unpacked(layers: readonly (readonly Step[])[]): Map<string, string> {
  const files = new Map<string, string>();
  const removeBelow = (path: string): void => {
    for (const key of [...files.keys()]) if (key.startsWith(`${path}/`)) files.delete(key);
  };
  for (const [layer, steps] of layers.entries()) {
    for (const step of steps) {
      const path = `/${step.path.join('/')}`;
      if (step.do === 'hide') files.delete(path);
      if (step.do === 'hide' || step.do === 'opaque') removeBelow(path);
    }
    for (const step of steps) {
      if (step.do === 'hide' || step.do === 'opaque') continue;
      for (let depth = 1; depth < step.path.length; depth++) {
        const parent = `/${step.path.slice(0, depth).join('/')}`;
        if (files.get(parent) !== 'directory') files.set(parent, 'implied');
      }
      const path = `/${step.path.join('/')}`;
      if (step.do === 'fifo') removeBelow(path);
      files.set(path, step.do === 'fifo' ? `fifo of ${layer}` : 'directory');
    }
  }
  return new Map([...files].filter(([, kind]) => kind !== 'implied'));
}

const path = fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 4 });
const step: fc.Arbitrary<Step> = fc.record({
  do: fc.constantFrom('fifo', 'directory', 'hide', 'opaque'),
  path,
});

/** Whether a layer states nothing twice, puts nothing below a file, and marks only its own directories opaque. */
function isConsistent(steps: readonly Step[]): boolean {
  const stated = (one: Step) =>
    steps.some((other) => other.do === 'directory' && `${other.path}` === `${one.path}`);
  if (steps.some((one) => one.do === 'opaque' && !stated(one))) return false;
  const entries = steps.filter((one) => one.do === 'fifo' || one.do === 'directory');
  return entries.every((one, index) =>
    entries.every((other, otherIndex) => {
      if (index === otherIndex || one.do === 'directory') return true;
      return !other.path
        .join('/')
        .concat('/')
        .startsWith(`${one.path.join('/')}/`);
    }),
  );
}

describe('LayerTree', () => {
  it('shows what unpacking the layers one over the other shows', () => {
    const layer = fc.array(step, { maxLength: 8 }).filter(isConsistent);
    const layers = fc.array(layer, { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(layers, (input) => {
        expect(Object.fromEntries(folded(input))).toEqual(Object.fromEntries(unpacked(input)));
      }),
      { numRuns: 3000 },
    );
  });

  it('takes the attributes of a directory from the highest layer that states it', () => {
    const tree = new LayerTree();
    tree.put(['usr', 'x', 'file'], 2, node('fifo', 2));
    expect(tree.offer(['usr', 'x'], 1, 'directory')).toBe('visible');
    tree.put(['usr', 'x'], 1, node('directory', 1));
    expect(tree.offer(['usr', 'x'], 0, 'directory')).toBe('visible');
    tree.put(['usr', 'x'], 0, node('directory', 0));
    const usr = tree.folded().children.get('usr') as FoldedDirectory;
    expect(usr.attributes).toBeUndefined();
    expect((usr.children.get('x') as FoldedDirectory).attributes?.uid).toBe(1);
  });

  it.each([
    [
      'two files at one path',
      [
        ['fifo', 'a'],
        ['fifo', 'a'],
      ],
    ],
    [
      'a file and a directory',
      [
        ['fifo', 'a'],
        ['directory', 'a'],
      ],
    ],
    [
      'a directory and a file',
      [
        ['directory', 'a'],
        ['fifo', 'a'],
      ],
    ],
    [
      'a file in the place of a directory in use',
      [
        ['fifo', 'a/b'],
        ['fifo', 'a'],
      ],
    ],
  ] as const)('refuses %s in one layer', (_, entries) => {
    const tree = new LayerTree();
    const put = (): void => {
      for (const [type, name] of entries) {
        tree.offer(name.split('/'), 0, type);
        tree.put(name.split('/'), 0, node(type, 0));
      }
    };
    expect(put).toThrow(expect.objectContaining({ code: 'conflict' }));
  });

  it('refuses an entry that passes through a link of its own layer', () => {
    const tree = new LayerTree();
    tree.put(['usr', 'link'], 0, { type: 'symlink', ...attributes, target: '/etc' });
    expect(() => tree.offer(['usr', 'link', 'passwd'], 0, 'fifo')).toThrow(BuildError);
    expect(() => tree.offer(['usr', 'link', 'passwd'], 0, 'fifo')).toThrow(
      /passes through 'usr\/link', which is a symlink/,
    );
  });
});
