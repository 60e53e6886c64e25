import { strict as assert } from 'node:assert';
import { SYSEXT } from '../../src/image/extension/kind.ts';
import { parseImageUri } from '../../src/node/download/uri.ts';
import { NodeError } from '../../src/node/error.ts';
import { checkImageFileName } from '../../src/node/store/image-file-name.ts';
import type { Target } from '../engine/target.ts';
import { texts } from '../seeds/text.ts';

/** Where an image is downloaded from; a name that the store takes stays in its directory. */
export const target: Target = {
  sizeMax: 10_000,
  seeds: () =>
    texts(
      'https://example.org/extensions/k3sv1.32.1.raw?token=secret#part',
      'http://[::1]:8080/a/%2e%2e/b.sysext.raw',
      'file:///srv/images/a%20b.raw',
      'oci://registry.example/app@sha256:0',
      'container:app:1',
    ),
  dictionary: ['%2f', '%00', '%2e%2e', '..', '@', '\\', 'FILE:', '//localhost/'],
  run(input) {
    const uri = parseImageUri(Buffer.from(input).toString('utf8'));
    if (uri.scheme === 'oci' || uri.fileName === undefined) return;
    const name = uri.fileName;
    try {
      checkImageFileName(name, SYSEXT);
    } catch (error) {
      assert(error instanceof NodeError);
      return;
    }
    assert(name.endsWith('.raw') && !/[/\0-\x1f]/.test(name) && !name.startsWith('.'), name);
    assert(name.length <= 255, 'too long for a file name');
  },
};
