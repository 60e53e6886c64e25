import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startNginx } from '../test/support/nginx.ts';
import { makeAuthority } from '../test/support/tls.ts';
import { median } from './measure.ts';
import { type Pairs, peak, runPairs, seconds, speedRatio } from './pairs.ts';
import type { Bench } from './setting.ts';

/** Bytes of random content of the image that is downloaded. */
const SIZE = 500_000_000;

/** Downloading an image over TLS on the same machine against curl, which neither checks nor verifies anything. */
export interface DownloadResult {
  /** The transfers alone, bytes a second, as both programs tell them. */
  readonly rates: { readonly ours: readonly number[]; readonly theirs: readonly number[] };
  readonly plain: Pairs;
  readonly withDigest: Pairs;
}

/** Builds an image, serves it with nginx, and downloads it with the packaged agent and with curl. */
export async function compareDownload(
  { directory, auroraboot, runs }: Bench,
  kairosAgent: string,
): Promise<DownloadResult> {
  const scratch = join(directory, 'download');
  const tree = join(scratch, 'tree');
  mkdirSync(join(tree, 'usr/share'), { recursive: true });
  const content = join(tree, 'usr/share/data');
  execFileSync('sh', ['-c', `head -c ${SIZE} /dev/urandom >'${content}'`]);
  execFileSync(auroraboot, ['sysext', '--quiet', '--output', scratch, 'big', `dir:${tree}`]);

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
    // Every time into an empty store.
    const agent = `rm -rf ${root}/var; exec ${kairosAgent} --root ${root} sysext download --quiet`;
    const curl = `rm -f curled; exec curl --silent --cacert ${authority.certificate} --output curled`;
    const shell = (command: string): string =>
      execFileSync('sh', ['-c', command], {
        cwd: scratch,
        encoding: 'utf8',
        env: { ...process.env, NODE_EXTRA_CA_CERTS: '' },
      });
    const rates = { ours: [] as number[], theirs: [] as number[] };
    for (let run = 0; run <= runs; run++) {
      const { size, seconds } = JSON.parse(shell(`${agent} --json ${url}`)) as {
        size: number;
        seconds: number;
      };
      const theirs = Number(shell(`${curl} --write-out '%{speed_download}' ${url}`));
      if (run === 0) continue;
      rates.ours.push(size / seconds);
      rates.theirs.push(theirs);
    }
    const pairs = (name: string, flags: string): Promise<Pairs> =>
      runPairs(name, ['sh', '-c', `${agent} ${flags} ${url}`], ['sh', '-c', `${curl} ${url}`], runs, scratch);
    return {
      rates,
      plain: await pairs('download', ''),
      withDigest: await pairs('download --sha256', `--sha256 ${digest}`),
    };
  } finally {
    await nginx.stop();
  }
}

/** The results as a section of the report. */
export function downloadReport({ rates, plain, withDigest }: DownloadResult): string[] {
  const row = (name: string, pairs: Pairs): string =>
    `| ${[name, seconds(pairs.ours), seconds(pairs.theirs), speedRatio(pairs), peak(pairs.ours)].join(' | ')} |`;
  const megabytes = (values: readonly number[]): string => (median(values) / 1e6).toFixed(0);
  const ratio = median(rates.ours.map((rate, index) => rate / rates.theirs[index]!)).toFixed(2);
  return [
    '## Downloading',
    '',
    'An image of 500 MB from nginx on the same machine, over TLS, with `kairos-agent sysext download`, bundled, and with `curl --output`.',
    `The transfer alone, ours with the bytes durable: ${megabytes(rates.ours)} MB/s against ${megabytes(rates.theirs)} MB/s, ratio ${ratio}.`,
    'The whole commands, ours with the image verified before it gets its name:',
    '',
    '| command | ours, s | curl, s | ratio | our peak, MB |',
    '|---|---|---|---|---|',
    row('download', plain),
    row('download --sha256', withDigest),
  ];
}
