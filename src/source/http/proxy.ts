import { BlockList, isIP } from 'node:net';
import { SourceError } from '../error.ts';

/**
 * The proxy that the environment names for a URL, as Go's and curl's programs read it: HTTPS_PROXY or HTTP_PROXY,
 * in either case, unless NO_PROXY excepts the host or the host is this machine. A proxy without a scheme is http.
 *
 * @throws SourceError `unsupported` for what is no HTTP proxy; its message shows no password.
 */
export function proxyFor(url: URL, environment: NodeJS.ProcessEnv): URL | undefined {
  const name = url.protocol === 'https:' ? 'https_proxy' : 'http_proxy';
  const proxy = variable(environment, name);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (proxy === '' || isLoopbackHost(host)) return undefined;
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
  const exceptions = variable(environment, 'no_proxy').split(/[\s,]+/);
  if (exceptions.some((exception) => exception !== '' && excepts(exception, host, port))) return undefined;
  const parsed = URL.parse(proxy.includes('://') ? proxy : `http://${proxy}`);
  if (parsed !== null && /^https?:$/.test(parsed.protocol)) return parsed;
  const scheme = /^[a-z0-9+]{1,20}:\/\//i.exec(proxy)?.[0] ?? '';
  throw new SourceError(
    'unsupported',
    `the proxy in ${name.toUpperCase()} ('${scheme}…') is none that can be used`,
    {
      hint: 'write http://HOST:PORT, or http://USER:PASSWORD@HOST:PORT',
    },
  );
}

/** Whether a host, without brackets and port, is this machine by its very name or address. */
export function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}

function variable(environment: NodeJS.ProcessEnv, name: string): string {
  return environment[name] || environment[name.toUpperCase()] || '';
}

/** Whether one exception covers a host: `*`, a domain with all below it, an address, a range `10.0.0.0/8`; each with `:port` or not. */
function excepts(exception: string, host: string, port: string): boolean {
  if (exception === '*') return true;
  const [range = '', bits] = exception.split('/');
  const family = isIP(range);
  if (bits !== undefined && family !== 0) return inRange(range, Number(bits), host);
  const [, name = '', onlyPort] = /^\[?(.*?)\]?(?::(\d+))?$/.exec(
    family === 6 ? `[${exception}]` : exception,
  )!;
  if (onlyPort !== undefined && onlyPort !== port) return false;
  if (isIP(host) !== 0) return name === host;
  const domain = name.toLowerCase().replace(/^\*?\./, '');
  return host === domain || host.endsWith(`.${domain}`);
}

function inRange(range: string, bits: number, host: string): boolean {
  const family = isIP(range);
  if (isIP(host) !== family || !(bits >= 0 && bits <= (family === 4 ? 32 : 128))) return false;
  const type = family === 4 ? 'ipv4' : 'ipv6';
  const list = new BlockList();
  list.addSubnet(range, bits, type);
  return list.check(host, type);
}
