import { strict as assert } from 'node:assert';
import { parseConfiguration } from '../../src/node/config/parse-configuration.ts';
import type { Target } from '../engine/target.ts';
import { texts } from '../seeds/text.ts';

const WHOLE = `certificates:
  - /etc/keys/vendor.pem
require_signatures: true
image_policy: root=signed+absent:usr=signed+absent
hierarchies: [/usr/bin, /usr/lib]
mutable: auto
proxy: {https: 'http://proxy.example:3128', no: localhost}
ca_file: /etc/ca.pem
download_limit: 4G
boot_timeout: 30
`;

/** A node's configuration, as a file of its own and as a key of a cloud-config. */
export const target: Target = {
  sizeMax: 4096,
  seeds: () =>
    texts(
      WHOLE,
      `#cloud-config\nusers: []\nsysext:\n${WHOLE.replace(/^/gm, '  ')}`,
      'sysext: &a {mutable: *a}\n',
      '- 1\n',
    ),
  dictionary: ['sysext:', '<<: *a', '&a ', '!!binary ', '? ', '|\n', '__proto__: ', '1e999', '.nan'],
  run(input) {
    for (const key of [undefined, 'sysext']) {
      const parsed = parseConfiguration(input, '/etc/kairos/sysext.yaml', key);
      if (parsed?.boot_timeout !== undefined) assert(parsed.boot_timeout >= 1 && parsed.boot_timeout <= 3600);
    }
  },
};
