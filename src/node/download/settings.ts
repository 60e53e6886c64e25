import { utf8ByteString } from '../../base/byte-string.ts';
import { escapeControls } from '../../base/display.ts';
import { NodeError } from '../error.ts';
import type { FetchRequest } from './fetched-image.ts';

/** Bytes of a file with authorities: those of whole systems have some 250 kB. */
const AUTHORITIES_MAX = 8 * 1024 * 1024;

/** The environment with the proxies of the configuration in place of its own. */
export function serverEnvironment({ host, configuration: { proxy } }: FetchRequest): NodeJS.ProcessEnv {
  const environment = { ...host.environment };
  const replace = (name: string, value: string | undefined): void => {
    if (value === undefined) return;
    environment[name] = value;
    environment[name.toUpperCase()] = value;
  };
  replace('http_proxy', proxy?.http);
  replace('https_proxy', proxy?.https);
  replace('no_proxy', proxy?.no);
  return environment;
}

/** The authorities that the configuration names besides the system's, PEM. Throws a NodeError ('configuration', 'io'). */
export function readAuthorities({ host, configuration: { caFile } }: FetchRequest): Uint8Array | undefined {
  if (caFile === undefined) return undefined;
  const bytes = host.readFile(utf8ByteString(caFile), AUTHORITIES_MAX);
  const problem =
    bytes === undefined
      ? 'there is no such file'
      : Buffer.from(bytes).includes('-----BEGIN CERTIFICATE-----')
        ? undefined
        : 'there is no certificate in PEM form in it';
  if (problem === undefined) return bytes;
  throw new NodeError('configuration', `ca_file: ${escapeControls(caFile)}: ${problem}`, {
    hint: 'put the certificate of the authority there, or correct ca_file in the configuration',
  });
}
