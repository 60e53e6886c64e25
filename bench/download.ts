import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startNginx } from '../test/support/nginx.ts';
import { makeAuthority } from '../test/support/tls.ts';
import { type Pairs, peak, runPairs, seconds, speedRatio } from './pairs.ts';
import type { Bench } from './setting.ts';

/** Bytes of random content of the image that is downloaded. */
const SIZE = 500_000_000;

/** Downloading an image over TLS on the same machine against curl, which neither checks nor verifies anything. */
export interface DownloadResult {
  readonly plain: Pairs;
  readonly withDigest: Pairs;
}

/** Builds an image, serves it with nginx, and downloads it with the bundled agent and with curl. */
export async function compareDownload({ directory, auroraboot, runs }: Bench): Promise<DownloadResult> {
  const scratch = join(directory, 'download');
  const tree = join(scratch, 'tree');
  mkdirSync(join(tree, 'usr/share'), { recursive: true });
  const content = join(tree, 'usr/share/data');
  execFileSync('sh', ['-c', `head -c ${SIZE} /dev/urandom >'${content}'`]);
  execFileSync(auroraboot, ['sysext', '--quiet', '--output', scratch, 'big', `dir:${tree}`]);
  const bundle = join(scratch, 'bundle');
  execFileSync(process.execPath, ['packaging/bundle.ts', bundle]);

  const authority = await makeAuthority(scratch);
  const nginx = await startNginx({ tls: await authority.issue('server', '127.0.0.1') });
  try {
    linkSync(join(scratch, 'big.sysext.raw'), join(nginx.files, 'big.sysext.raw'));
    const root = join(scratch, 'root');
    mkdirSync(join(root, 'etc/kairos'), { recursive: true });
    writeFileSync(join(root, 'etc/kairos/sysext.yaml'), 'ca_file: /ca.pem\n');
    linkSync(authority.certificate, join(root, 'ca.pem'));
    const url = `${nginx.url}/big.sysext.raw`;
    const [digest = ''] = execFileSync('sha256sum', [join(scratch, 'big.sysext.raw')], {
      encoding: 'utf8',
    }).split(' ');
    const agent = `${join(bundle, 'bin/kairos-agent')} --root ${root} sysext download --quiet`;
    const pairs = (name: string, flags: string): Pairs =>
      runPairs(
        name,
        // The Node of this checkout first, and every time into an empty store.
        [
          'sh',
          '-c',
          `rm -rf ${root}/var; PATH=${join(process.execPath, '..')}:$PATH exec ${agent} ${flags} ${url}`,
        ],
        [
          'sh',
          '-c',
          `rm -f curled; exec curl --silent --cacert ${authority.certificate} --output curled ${url}`,
        ],
        runs,
        scratch,
      );
    return { plain: pairs('download', ''), withDigest: pairs('download --sha256', `--sha256 ${digest}`) };
  } finally {
    await nginx.stop();
  }
}

/** The results as a section of the report. */
export function downloadReport({ plain, withDigest }: DownloadResult): string[] {
  const row = (name: string, pairs: Pairs): string =>
    `| ${[name, seconds(pairs.ours), seconds(pairs.theirs), speedRatio(pairs), peak(pairs.ours)].join(' | ')} |`;
  return [
    '## Downloading',
    '',
    'An image of 500 MB from nginx on the same machine, over TLS: `kairos-agent sysext download`, bundled, which makes it durable and',
    'verifies it, against `curl --output`, which does neither.',
    '',
    '| command | ours, s | curl, s | ratio | our peak, MB |',
    '|---|---|---|---|---|',
    row('download', plain),
    row('download --sha256', withDigest),
  ];
}
