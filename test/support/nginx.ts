import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { accepts } from './connect.ts';
import type { KeyPair } from './key-pair.ts';
import { freePort, startProcess } from './server-process.ts';

/** An nginx that serves files of this machine. */
export interface Nginx {
  readonly port: number;
  /** `https://127.0.0.1:PORT` or `http://…`. */
  readonly url: string;
  /** The directory whose files it serves. */
  readonly files: string;
  /** The requests so far: method and path, range, status, bytes sent. */
  readonly requests: () => string;
  stop(): Promise<void>;
}

/** How it is set up. */
export interface NginxOptions {
  /** Plain HTTP where it is absent. */
  readonly tls?: KeyPair;
  /** Directives of its server, such as locations. */
  readonly server?: string;
}

/** Starts nginx (Debian package nginx-light) and waits until it accepts connections. */
export async function startNginx({ tls, server = '' }: NginxOptions = {}): Promise<Nginx> {
  const directory = mkdtempSync(join(tmpdir(), 'nginx-'));
  const port = await freePort();
  const files = join(directory, 'files');
  const log = join(directory, 'requests');
  mkdirSync(files);
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${join(directory, name)};`,
  );
  const listen = tls
    ? `listen 127.0.0.1:${port} ssl; ssl_certificate ${tls.certificate}; ssl_certificate_key ${tls.key};`
    : `listen 127.0.0.1:${port};`;
  const configuration = `
daemon off;
user root;
worker_processes 1;
pid ${join(directory, 'pid')};
error_log stderr;
events {}
http {
  ${paths.join('\n  ')}
  log_format requests '$request_method $request_uri [$http_range] $status $bytes_sent';
  access_log ${log} requests;
  sendfile on;
  server {
    ${listen}
    root ${files};
    ${server}
  }
}
`;
  const file = join(directory, 'nginx.conf');
  writeFileSync(file, configuration);
  const nginx = await startProcess('nginx', ['-c', file], () => accepts({ port }));
  return {
    port,
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${port}`,
    files,
    requests: () => readFileSync(log, 'utf8'),
    async stop() {
      await nginx.stop();
      rmSync(directory, { recursive: true });
    },
  };
}
