import { strict as assert } from 'node:assert';
import { familiarReference, formatReference, parseReference } from '../../src/source/registry/reference.ts';
import type { Target } from '../engine/target.ts';
import { texts } from '../seeds/text.ts';

/** An image reference, as archives hold them too; one that is read and written again is the same. */
export const target: Target = {
  sizeMax: 1024,
  seeds: () =>
    texts('alpine', 'localhost:5000/a/b:v1', `ghcr.io/x/y@sha256:${'a'.repeat(64)}`, '[::1]:80/x__y/z-z:T'),
  dictionary: ['docker.io/', 'index.docker.io/', 'library/', 'localhost/', `@sha512:${'b'.repeat(128)}`],
  run(input) {
    const reference = parseReference(Buffer.from(input).toString('utf8'));
    assert.deepEqual(parseReference(formatReference(reference)), reference);
    // It leaves a tag beside a digest away.
    const { tag, digest } = reference;
    const familiar = parseReference(familiarReference(reference));
    assert.deepEqual(familiar, { ...reference, tag: digest === undefined ? tag : undefined });
  },
};
